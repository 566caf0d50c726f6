// Ctrl+Enter counts; in the builder a changed way of asking shows the field that belongs to it.
(() => {
  "use strict";
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.id === "q") {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
})();
