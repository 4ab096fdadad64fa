"use strict";
// The buttons of the first screen: its table as a file, the screen as Markdown, the page on paper, all sections open.
(() => {
  const table = document.getElementById("results");
  const done = document.getElementById("done");
  const words = (node) => node.textContent.replace(/\s+/g, " ").trim();
  const all = (selector) => [...document.querySelectorAll(selector)];
  const heads = () => [...table.tHead.rows[0].cells];
  const named = (cell) => words(cell.querySelector("a, .verdict-of") ?? cell);
  const rows = () => [...table.tBodies[0].rows].map((row) => [...row.cells]);

  const quoted = (value) => /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const data = () => {
    const lines = rows().map((cells) => cells.map((cell) => quoted(cell.dataset.value ?? named(cell))));
    const text = [heads().map((head) => head.dataset.column), ...lines].map((line) => line.join(",")).join("\r\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${text}\r\n`], { type: "text/csv" }));
    link.download = "loadstone-results.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    done.textContent = "";
  };

  const markdown = () => {
    const line = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    const titles = heads().map((head) => words(head).replace(/[↕↑↓]/g, "").trim());
    return [
      `# ${words(document.querySelector("h1"))}`, all(".facts li").map(words).join(" · "),
      `**${words(document.querySelector("#answer h2"))}**`, all(".said p").map(words).join(" "),
      all(".judged li").map((item) => `- ${words(item)}`).join("\n"),
      [line(titles), line(titles.map((_, n) => n ? "---:" : "---")), ...rows().map((cells) => line(cells.map(named)))].join("\n"),
      ...all(".trust > p").map(words), ...all(".trust li").map((item) => `- ${words(item)}`),
    ].filter(Boolean).join("\n\n");
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(markdown());
    } catch {  // where the browser does not let a page use the clipboard, or asks first
      const area = Object.assign(document.createElement("textarea"), { value: `${markdown()}\n` });
      document.body.append(area);
      area.select();
      const copied = document.execCommand("copy");
      area.remove();
      done.textContent = copied ? "Copied." : "The browser does not allow to copy.";
      return;
    }
    done.textContent = "Copied.";
  };

  const folds = () => all("details.fold");
  const open = (button) => {
    const every = folds().every((fold) => fold.open);
    for (const fold of folds()) fold.open = !every;
    button.textContent = every ? "Open all sections" : "Close all sections";
  };
  const actions = { data, copy, print: () => window.print(), open };
  for (const button of all("[data-action]")) button.addEventListener("click", () => actions[button.dataset.action](button));
})();
