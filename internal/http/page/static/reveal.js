// Lets a person see the passwords they type. The page works without it.
document.querySelectorAll("[data-reveal]").forEach(function (button) {
  var field = document.getElementById(button.getAttribute("aria-controls"));
  function show(on) {
    field.type = on ? "text" : "password";
    button.firstElementChild.textContent = on ? button.dataset.hide : button.dataset.show;
  }
  button.hidden = false;
  button.addEventListener("click", function () {
    show(field.type === "password");
    field.focus();
  });
  // So that no browser remembers the password as ordinary text.
  field.form.addEventListener("submit", function () { show(false); });
});
