// A form that is sent once: its button can be pressed no second time. Disabled a moment later, since a disabled button is not sent.
document.querySelector("form[data-once]").addEventListener("submit", function (event) {
  const button = event.target.querySelector("button[type=submit]");
  setTimeout(function () { button.disabled = true; }, 0);
});
