"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const PHASES = ["starting the server", "starting Locust", "ramp-up", "warm-up", "window", "drain", "collecting"];
  const WORDS = { done: "done", running: "running", left: "left", failed: "failed" };
  const MARKS = { done: "✓", running: "▶", left: "○", failed: "✕" };
  const GROUPS = { experiment: "Experiments", probe: "Probes with twice the users", search: "Capacity searches", baseline: "Baselines, measured first" };
  const SILENCE_MS = 6000;
  const at = (id) => document.getElementById(id);

  // values reach the page as text and as attributes of shapes, never as markup
  const write = (element, text) => { if (element.textContent !== text) { element.textContent = text; } };
  const show = (element, wanted) => { if (element.hidden === wanted) { element.hidden = !wanted; } };
  const make = (name, className, text) => {
    const element = document.createElement(name);
    if (className) { element.className = className; }
    if (text !== undefined) { element.textContent = text; }
    return element;
  };
  const shape = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) { element.setAttribute(key, value); }
    return element;
  };

  const figure = (value) => {
    if (value === null || value === undefined) { return "–"; }
    if (value === 0) { return "0"; }
    const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
    return value.toLocaleString("en", { minimumFractionDigits: Math.min(digits, 3), maximumFractionDigits: Math.min(digits, 3) });
  };
  const count = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en"));
  const several = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;
  const clock = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 60) { return `${whole} s`; }
    const minutes = Math.floor(whole / 60);
    if (minutes < 10) { return whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`; }
    const near = Math.round(whole / 60);
    return near < 60 ? `${near} min` : `${Math.floor(near / 60)} h ${near % 60} min`;
  };
  // the time of day; of another day, with the date
  const hour = (seconds, today) => {
    const when = new Date(1000 * seconds);
    const time = when.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    const isToday = when.toDateString() === new Date(1000 * today).toDateString();
    return isToday ? time : `${when.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" })}, ${time}`;
  };
  const label = (name, repeat, search) => (search ? `${search}, step ${repeat}` : `${name}, repeat ${repeat}`);

  const drawBar = (now) => {
    let x = 0;
    for (const [id, share] of [["bar-done", now.share], ["bar-failed", now.share_failed], ["bar-running", now.share_running]]) {
      at(id).setAttribute("x", x);
      at(id).setAttribute("width", 1000 * share);
      x += 1000 * share;
    }
    const percent = Math.round(100 * (now.share + now.share_failed + now.share_running));
    at("bar").setAttribute("aria-valuenow", percent);
    at("bar").setAttribute("aria-valuetext", `${percent} % of the expected time; ${now.sentence}`);
  };

  const drawWaiting = (now) => {
    const waiting = now.waiting;
    show(at("waiting"), waiting !== null);
    if (waiting === null) { return; }
    const holder = waiting.holder || "another measurement on this machine";
    write(at("waiting"), `Waiting since ${hour(waiting.since, now.time)}: ${waiting.what} begins when this measurement ends: ${holder}.`);
  };

  const drawCampaign = (now) => {
    write(at("plan-text"), now.source ? `From ${now.source}. Each group lists its rows in the order in which they are first measured.` : "There is no suite and no plan here.");
    write(at("sentence"), now.sentence);
    for (const state of Object.keys(WORDS)) { write(at(`count-${state}`), count(now[state])); }
    const under = now.ends !== null;
    const more = now.left + now.running > 0 && now.left_s > 0;
    write(at("time-left-label"), under ? "Time left" : "Time needed");
    show(at("time-left").parentElement, more);
    write(at("time-left"), `about ${clock(now.left_s)}`);
    write(at("time-end"), under ? `, until ${hour(now.ends, now.time)}` : "");
    drawWaiting(now);
    show(at("report"), now.report !== "");
    write(at("report-path"), now.report);
    drawBar(now);
    show(at("problems"), now.problems.length > 0);
    if (now.problems.join("\n") !== at("problems").dataset.shown) {
      at("problems").dataset.shown = now.problems.join("\n");
      at("problems").replaceChildren(...now.problems.map((problem) => make("p", "", problem)));
    }
    const run = now.current;
    const place = run ? `${run.phase} · ${label(run.name, run.repeat, run.search)} · ` : "";
    document.title = `${now.done}/${now.done + now.running + now.left + now.failed} · ${place}Load experiments, live`;
  };

  const drawSteps = (phase) => {
    const steps = at("steps");
    if (steps.dataset.phase === phase) { return; }
    steps.dataset.phase = phase;
    const here = PHASES.indexOf(phase);
    steps.replaceChildren(...PHASES.map((name, place) => {
      const step = make("li", place < here ? "past" : "", name);
      if (place === here) { step.setAttribute("aria-current", "step"); }
      return step;
    }));
  };

  const drawRates = (run) => {
    const rates = run.rates;
    const since = rates.length ? rates[0][0] : 0;
    const last = rates.length ? rates[rates.length - 1][0] : 0;
    const until = Math.max(last, since + 10);
    const top = Math.max(1, ...rates.map(([, rate]) => rate)) * 1.08;
    const x = (when) => (600 * Math.min(Math.max(when - since, 0), until - since)) / (until - since);
    const points = rates.map(([when, rate]) => `${x(when).toFixed(1)},${(119 - (116 * rate) / top).toFixed(1)}`);
    at("spark-line").setAttribute("points", points.join(" "));
    at("spark-area").setAttribute("points", points.length ? `${x(since)},120 ${points.join(" ")} ${x(last).toFixed(1)},120` : "");
    const inside = run.window && run.window[0] < until;
    at("spark-window").setAttribute("x", inside ? x(run.window[0]) : 0);
    at("spark-window").setAttribute("width", inside ? Math.max(0, x(Math.min(run.window[1], until)) - x(run.window[0])) : 0);
    const highest = figure(Math.max(0, ...rates.map(([, rate]) => rate)));
    const span = `${clock(last - since)} shown, highest ${highest}`;
    write(at("rates-text"), rates.length ? span + (run.window ? "; the shaded part is the window, which counts" : "") : "No requests yet.");
  };

  const drawCpu = (run) => {
    const body = at("cpu");
    const roles = run.cpu.map(({ role }) => role).join("\n");
    if (body.dataset.roles !== roles) {
      body.dataset.roles = roles;
      body.replaceChildren(...run.cpu.map(({ role }) => {
        const row = make("tr");
        const head = make("th", "", role);
        head.scope = "row";
        const meter = make("td", "meter");
        const drawing = shape("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
        drawing.append(shape("rect", { class: "ground", width: 100, height: 10 }), shape("rect", { class: "used", width: 0, height: 10 }));
        meter.append(drawing);
        row.append(head, meter, make("td", "figure"));
        return row;
      }));
    }
    run.cpu.forEach(({ cpus }, place) => {
      const row = body.children[place];
      row.querySelector(".used").setAttribute("width", Math.min(100, (100 * cpus) / run.cores));
      write(row.lastElementChild, cpus.toFixed(2));
    });
    write(at("cpu-text"), run.cpu.length ? `Average of the last second; the run may use ${several(run.cores, "CPU")}.` : "No samples yet.");
  };

  const drawCurrent = (run) => {
    show(at("current"), run !== null);
    if (run === null) { write(at("announced"), ""); return; }
    write(at("run"), label(run.name, run.repeat, run.search));
    const server = run.server_workers === null ? "number of server workers unknown" : several(run.server_workers, "server worker");
    write(at("what"), [several(run.users, "user"), several(run.load_workers, "Locust worker"), server].join(", "));
    write(at("announced"), `${label(run.name, run.repeat, run.search)}: ${run.phase}`);
    drawSteps(run.phase);
    const length = run.phase_length_s === null ? "" : ` of ${clock(run.phase_length_s)}`;
    const silent = run.silent_s > 5 && run.phase !== "collecting" ? `; no report for ${clock(run.silent_s)}` : "";
    write(at("clock"), `${run.phase}: ${clock(run.phase_s)}${length}; whole run: ${clock(run.elapsed_s)} of about ${clock(run.expected_s)}${silent}`);
    write(at("rps"), figure(run.rps));
    for (const [id, value] of [["mean", run.mean_ms], ["p95", run.p95_ms]]) { write(at(id), value === null ? "–" : `${figure(value)} ms`); }
    for (const [id, value] of [["failed-now", run.failed_answers], ["failures", run.failures]]) {
      write(at(id), count(value));
      at(id).classList.toggle("bad", value > 0);
    }
    write(at("requests"), count(run.requests));
    drawRates(run);
    drawCpu(run);
  };

  const drawRuns = (items) => {
    const failed = items.filter(({ state }) => state === "failed");
    show(at("failures-section"), failed.length > 0);
    at("failed-list").replaceChildren(...failed.map((item) => {
      const line = make("li");
      line.append(make("strong", "", item.kind === "search" ? item.name : label(item.name, item.repeat)), `: ${item.note}`, make("small", "", `kept for inspection: ${item.kept}`));
      return line;
    }));
    const rows = new Map();
    for (const item of items) {
      const key = `${item.kind} ${item.name}`;
      if (!rows.has(key)) { rows.set(key, []); }
      rows.get(key).push(item);
    }
    const drawn = [];
    for (const [kind, title] of Object.entries(GROUPS)) {
      const mine = [...rows.values()].filter(([first]) => first.kind === kind);
      if (mine.length) {
        drawn.push(make("h3", "group", title));
        const list = make("ul", "rows");
        list.append(...mine.map(drawRow));
        drawn.push(list);
      }
    }
    at("plan").replaceChildren(...drawn);
  };

  const failedShare = (share) => {
    if (share === null) { return "–"; }
    if (share === 0) { return "0 %"; }
    return share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
  };

  const drawResults = (results) => {
    show(at("results-section"), results.length > 0);
    const newest = results.reduce((last, each) => (last === null || each.stored > last.stored ? each : last), null);
    const outcome = newest && (newest.sound ? newest.phrase : `which cannot be used: ${newest.phrase}`);
    write(at("latest"), newest ? `Last: ${newest.name} ${figure(newest.rps)} requests/s, ${outcome}.` : "");
    at("results").replaceChildren(...results.map((each) => {
      const row = make("tr", each.sound ? (each.phrase === each.limit ? "open" : "") : "unsound");
      const head = make("th", "", each.name);
      head.scope = "row";
      row.append(head);
      const ms = (value) => (value === null ? "–" : `${figure(value)} ms`);
      const cells = { runs: each.runs, "requests/s": figure(each.rps), p50: ms(each.p50_ms), p95: ms(each.p95_ms), failed: failedShare(each.failed), "limited by": each.limit };
      for (const [name, text] of Object.entries(cells)) {
        const cell = make("td", "", text);
        cell.dataset.label = name;
        row.append(cell);
      }
      return row;
    }));
  };

  const drawRow = (items) => {
    const row = make("li");
    const name = make("div", "name", `${items[0].name} `);
    name.append(make("small", "", items.length > 1 ? `${items.length} × ${clock(items[0].expected_s)}` : clock(items[0].expected_s)));
    const runs = make("ul", "runs");
    for (const item of items) {
      const run = make("li", item.state);
      const mark = make("span", `mark ${item.state}`, MARKS[item.state]);
      mark.setAttribute("aria-hidden", "true");
      run.append(mark, " ");
      if (items.length > 1) { run.append(make("span", "unseen", "repeat "), `${item.repeat} `); }
      run.append(WORDS[item.state]);
      runs.append(run);
    }
    row.append(name, runs);
    const notes = new Map();
    for (const { note, repeat, state } of items) {
      if (note && state !== "failed") { notes.set(note, [...(notes.get(note) || []), repeat]); }
    }
    for (const [note, repeats] of notes) {
      row.append(make("p", "note", items.length > 1 && repeats.length < items.length ? `${repeats.join(", ")}: ${note}` : note));
    }
    return row;
  };

  let stream = null;
  let heard = 0;
  let retry = 0;
  const trouble = (text) => { show(at("connection"), text !== ""); write(at("connection"), text); };
  const listen = () => {
    if (stream !== null) { stream.close(); }
    heard = Date.now();
    stream = new EventSource("/events");
    stream.addEventListener("now", (event) => {
      heard = Date.now();
      trouble("");
      const now = JSON.parse(event.data);
      drawCampaign(now);
      write(at("results-title"), now.report ? "Results" : "Results so far");
      write(at("results-text"), now.report ? "Means over runs." : "Means over the runs so far. A limit can change until the report compares the experiments.");
      drawCurrent(now.current);
    });
    stream.addEventListener("results", (event) => drawResults(JSON.parse(event.data)));
    stream.addEventListener("runs", (event) => drawRuns(JSON.parse(event.data)));
  };
  const check = () => {
    if (stream === null || Date.now() - heard < SILENCE_MS) { return; }
    trouble("The live view does not answer: it has stopped, or too many browsers are connected. The figures on this page are old. Trying again.");
    if (stream.readyState === EventSource.CLOSED && Date.now() - retry > 10000) {
      retry = Date.now();
      const before = heard;
      listen();
      heard = before;
    }
  };
  // a hidden page requests nothing: the machine is busy measuring
  const attend = () => {
    if (!document.hidden) { listen(); } else if (stream !== null) { stream.close(); stream = null; }
  };
  document.addEventListener("visibilitychange", attend);
  setInterval(check, 2000);
  attend();
})();
