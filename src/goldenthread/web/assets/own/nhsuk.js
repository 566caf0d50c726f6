import { initAll } from "./nhsuk-frontend.js";
// a module runs before the page is announced as ready, and the design system looks for this at once
document.body.classList.add("js-enabled", "nhsuk-frontend-supported");
initAll();
