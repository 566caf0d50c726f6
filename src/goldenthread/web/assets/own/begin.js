// Before anything is drawn: pages work without JavaScript, and say so to the style sheet when it is there.
document.documentElement.classList.add("gt-js");
addEventListener("DOMContentLoaded", () => {
  document.body.classList.add("js-enabled");
  if ("noModule" in HTMLScriptElement.prototype) document.body.classList.add("nhsuk-frontend-supported");
});
