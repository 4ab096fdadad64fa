"use strict";
// A chart that is wider than paper is drawn again at the width of the paper, where its letters keep their size.
(() => {
  const PAPER = 700;  // pixels between the margins of A4
  const before = new Map();

  window.addEventListener("beforeprint", () => {
    for (const place of document.querySelectorAll(".chart")) {
      const beyond = (place.querySelector("svg.marks")?.clientWidth ?? 0) - PAPER;
      if (beyond <= 0 || !place.view) continue;
      before.set(place.view, place.view.width());
      place.view.width(place.view.width() - beyond).run();
    }
  });
  window.addEventListener("afterprint", () => {
    for (const [view, width] of before) view.width(width).run();
    before.clear();
  });
})();
