// Small helps; every page works without them.
(() => {
  "use strict";
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  // A chart is a drawing already; where a page carries its specification, it can be explored as well.
  const specs = document.querySelectorAll("script[type='application/json'][data-chart]");
  if (specs.length && window.vegaEmbed) {
    for (const spec of specs) {
      const target = document.getElementById(spec.dataset.chart);
      if (!target) continue;
      window.vegaEmbed(target, JSON.parse(spec.textContent), { ast: true, actions: false, renderer: "svg", defaultStyle: false });
    }
  }
})();
