// Names what is cut off: elements outside of their boxes, boxes that scroll without a hint, letters outside of a chart.
() => {
  const found = [];
  const style = (e) => getComputedStyle(e);
  const named = (e) => `<${e.tagName.toLowerCase()} class="${e.className}"> ${e.textContent.trim().slice(0, 60)}`;
  const scrolls = (e) => ["auto", "scroll"].includes(style(e).overflowX);
  const isOutside = (e, box) => {
    const [inner, outer] = [e.getBoundingClientRect(), box.getBoundingClientRect()];
    return inner.left < outer.left - 1 || inner.right > outer.right + 1;
  };
  const boxOf = (e) => {
    let box = e.parentElement;
    while (box !== document.body && (style(box).display.startsWith("inline") || style(box).display === "contents")) box = box.parentElement;
    return box;
  };
  const canBeScrolled = (e) => {
    for (let at = e.parentElement; at; at = at.parentElement) if (scrolls(at)) return true;
    return false;
  };

  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth) found.push(`the page: ${root.scrollWidth} of ${window.innerWidth} pixels`);
  for (const e of document.querySelectorAll("body *")) {
    if (!e.getClientRects().length || e.parentElement.closest("svg, script, .vega-actions")) continue;
    if (scrolls(e) && e.scrollWidth > e.clientWidth + 1 && !style(e).backgroundAttachment.includes("local")) {
      found.push(`scrolls without a hint: ${named(e)}`);
    }
    if (style(e).position === "absolute" || canBeScrolled(e)) continue;
    if (isOutside(e, boxOf(e))) found.push(`outside of its box: ${named(e)}`);
  }
  for (const svg of document.querySelectorAll("svg.marks")) {
    const chart = svg.closest(".chart");
    const box = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {
      const letters = text.getBoundingClientRect();
      if (!letters.width || style(text).opacity === "0") continue;
      if (isOutside(text, svg) || letters.top < box.top - 1 || letters.bottom > box.bottom + 1) {
        found.push(`outside of chart ${chart.id || chart.dataset.chart}: ${text.textContent}`);
      }
    }
  }
  return found;
}
