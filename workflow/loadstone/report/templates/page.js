"use strict";
(() => {
  const specifications = JSON.parse(document.getElementById("specifications").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const theme = () => ({
    background: null,
    font: "system-ui, sans-serif",
    view: { stroke: null },
    title: { color: colour("--ink"), fontSize: 14, anchor: "start" },
    axis: {
      labelColor: colour("--faint"), titleColor: colour("--faint"), gridColor: colour("--line"), domainColor: colour("--line"),
      tickColor: colour("--line"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal",
    },
    legend: { labelColor: colour("--ink"), titleColor: colour("--faint"), orient: "top", labelFontSize: 12, symbolStrokeWidth: 2 },
  });

  const draw = () => Promise.all(Object.entries(specifications).map(([name, specification]) => {
    const narrow = window.innerWidth < 560;
    const { config: _, ...rest } = specification;
    const config = theme();
    config.axisY = narrow ? { labelLimit: 130, labelFontSize: 10 } : { labelLimit: 260 };
    if (narrow) {
      config.axisX = { titleAnchor: "end" };
      config.legend.columns = 1;
    }
    return window.vegaEmbed(`#chart-${CSS.escape(name)}`, rest, {
      config, renderer: "svg", actions: { export: true, source: false, compiled: false, editor: false },
    });
  })).then(() => { document.documentElement.dataset.charts = "drawn"; });

  draw();
  dark.addEventListener("change", draw);
})();
