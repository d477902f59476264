// "Copy" beside the link for a customer: the button says so once it is on the clipboard.
document.getElementById("copy-link").addEventListener("click", function (event) {
  const field = document.getElementById("connect-link");
  field.select();
  const done = function () { event.target.textContent = event.target.dataset.done; };
  // Without https, browsers offer no clipboard: the old command still copies what is selected.
  if (navigator.clipboard) { navigator.clipboard.writeText(field.value).then(done, done); }
  else if (document.execCommand("copy")) { done(); }
});
