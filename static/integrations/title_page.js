// "Copy answer": the button says so once the text is on the clipboard; screen readers hear it too.
document.addEventListener("click", function (event) {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent.trim();
  navigator.clipboard.writeText(text).then(function () {
    button.textContent = button.dataset.copied;
  });
});
