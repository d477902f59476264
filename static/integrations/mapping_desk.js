// A suggestion fills its field; a form is sent once; Enter in a field does not send the page by accident.
document.addEventListener("click", function (event) {
  const button = event.target.closest(".ik-suggest");
  if (!button) return;
  const field = document.getElementsByName(button.dataset.target)[0];
  field.value = button.dataset.value;
  field.focus();
});
document.addEventListener("submit", function (event) {
  const form = event.target.closest("form[data-once]");
  if (!form) return;
  setTimeout(function () {
    form.querySelectorAll("button[type=submit]").forEach(function (button) { button.disabled = true; });
  }, 0);
});
document.addEventListener("keydown", function (event) {
  if (event.key === "Enter" && event.target.matches("#desk input")) event.preventDefault();
});
