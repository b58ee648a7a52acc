// Asks the server how it stands, once a second while somebody looks, and shows it. Whatever comes
// from the server is set as text, never as markup: paths and messages have what clients send.
const EVERY = 1000;
const POINTS = 60;

// A place that one program has had for so long is shown as such: 30 s.
const LONG = 30;

const at = (id) => document.getElementById(id);
const rates = [];
const medians = [];
let before = null;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) {
    made.className = className;
  }
  if (text !== undefined && text !== null) {
    made.textContent = text;
  }
  return made;
}

const number = new Intl.NumberFormat("en");

function bytes(n) {
  if (n === undefined || n === null) {
    return "";
  }
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let left = n;
  while (left >= 1024 && unit < units.length - 1) {
    left /= 1024;
    unit++;
  }
  return `${left < 10 && unit > 0 ? left.toFixed(1) : Math.round(left)} ${units[unit]}`;
}

function time(seconds) {
  if (seconds === undefined || seconds === null) {
    return "";
  }
  if (seconds < 1) {
    const ms = seconds * 1000;
    return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  }
  if (seconds < 60) {
    return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min ${Math.floor(seconds % 60)} s`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** The first number of a text such as "1 min 2 s", and all that follows. */
function parts(text) {
  const [number, ...unit] = text.split(" ");
  return [number, unit.join(" ")];
}

function figure(id, value, unit) {
  const place = at(id);
  place.replaceChildren(value);
  if (unit) {
    place.append(element("small", "", unit));
  }
}

function line(id, values, floor) {
  const svg = at(id);
  const top = Math.max(floor, ...values) * 1.1;
  const points = values.map(
    (value, i) => `${((POINTS - values.length + i) * 120) / (POINTS - 1)},${31 - (value / top) * 29}`,
  );
  const path = points.length ? `M${points.join("L")}` : "";
  const first = points.length ? points[0].split(",")[0] : 0;
  svg.querySelector(".line").setAttribute("d", path);
  svg.querySelector(".area").setAttribute("d", path ? `${path}L120,32L${first},32Z` : "");
}

function keep(values, value) {
  values.push(value);
  if (values.length > POINTS) {
    values.shift();
  }
}

const hundred = (status) => (status ? `s${Math.floor(status / 100)}xx` : "snone");

const fileName = (path) => path.slice(path.lastIndexOf("/") + 1) || path;

function statuses(counts) {
  const all = Math.max(1, ...Object.values(counts));
  return Object.entries(counts).map(([name, n]) => {
    const row = element("div");
    const meter = element("span", "meter");
    const fill = element("i", `s${name}`);
    fill.style.width = `${(n / all) * 100}%`;
    meter.append(fill);
    row.append(element("span", "", name), meter, element("b", "", number.format(n)));
    return row;
  });
}

function cell(row, name, content, className) {
  const made = element("td", className);
  made.dataset.name = name;
  made.append(content ?? "");
  row.append(made);
}

function named(path) {
  const both = element("span", "", fileName(path));
  both.append(element("span", "quiet mono", path));
  return both;
}

function state(word, why) {
  const both = element("span");
  both.append(element("span", `state ${word}`, word));
  if (why) {
    both.append(element("span", "quiet", why));
  }
  return both;
}

function rows(id, list, fill) {
  at(id).tBodies[0].replaceChildren(
    ...list.map((one) => {
      const row = element("tr");
      fill(row, one);
      return row;
    }),
  );
}

function pool(places, running) {
  const card = element("div", "pool");
  const said = element("p");
  const name = places.name === "all" ? "all programs together" : places.name;
  said.append(element("span", "", name));
  const figures = element("span", "", `${places.used} of ${places.max} taken`);
  if (places.waiting) {
    figures.append(element("span", "waiting", ` · ${places.waiting} waiting`));
  }
  said.append(figures);
  const seats = element("div", "seats");
  seats.setAttribute("aria-hidden", "true");
  const long = running.filter((run) => run.state !== "waiting" && run.seconds > LONG).length;
  for (let i = 0; i < Math.min(places.max, 512); i++) {
    const taken = i < places.used;
    seats.append(element("i", taken ? (places.name === "all" && i < long ? "taken old" : "taken") : ""));
  }
  card.append(said, seats);
  return card;
}

function refusal(one) {
  const details = element("details");
  details.dataset.key = `${one.status} ${one.rule} ${one.program ?? ""}`;
  const summary = element("summary");
  const when = new Date(one.time).toLocaleTimeString("en-GB");
  summary.append(
    element("span", `status ${hundred(one.status)}`, one.status || "none"),
    element("span", "mono", one.rule),
    element("span", "what", `${one.method} ${one.target}`),
    element("span", "when", `${one.times > 1 ? `${number.format(one.times)} × · ` : ""}${when}`),
  );
  const list = element("dl", "diagnosis");
  const facts = {
    message: one.message,
    program: one.program,
    exit: one.exit,
    output: one.offset === undefined ? one.excerpt : `at byte ${one.offset}: ${one.excerpt ?? ""}`,
    stderr: one.stderr,
    client: one.client,
    took: time(one.seconds),
    "request id": one.id,
  };
  for (const [name, value] of Object.entries(facts)) {
    if (value) {
      list.append(element("dt", "", name), element("dd", "mono", value));
    }
  }
  details.append(summary, list);
  return details;
}

// What somebody has opened stays open, and what has the focus keeps it.
function refusals(list) {
  const open = new Set(
    [...at("refusals").querySelectorAll("details[open]")].map((one) => one.dataset.key),
  );
  const focused = document.activeElement?.closest?.("#refusals details")?.dataset.key;
  at("refusals").replaceChildren(...list.map(refusal));
  for (const one of at("refusals").children) {
    one.open = open.has(one.dataset.key);
    if (one.dataset.key === focused) {
      one.querySelector("summary").focus();
    }
  }
}

function show(now) {
  const { server, requests } = now;
  at("server").textContent =
    `${server.version} · Java ${server.java} · process ${server.pid} · up ${time(server.uptime)}`;
  const moment = Date.parse(now.time);
  if (before && moment > before.moment && requests.total >= before.total) {
    keep(rates, ((requests.total - before.total) * 1000) / (moment - before.moment));
    const rate = rates[rates.length - 1];
    figure("rate", rate < 10 ? rate.toFixed(1) : number.format(Math.round(rate)));
  }
  before = { moment, total: requests.total };
  keep(medians, requests.median * 1000);
  figure("median", ...parts(time(requests.median)));
  line("rate-line", rates, 1);
  line("median-line", medians, 0.1);
  at("total").textContent = `${number.format(requests.total)} in all, ${requests.running} now`;
  at("p95").textContent = `95 of 100 within ${time(requests.p95)}`;
  at("statuses").replaceChildren(...statuses(requests.statuses));
  at("sent").textContent = `${bytes(requests.bytes)} sent`;
  const memory = now.running.reduce((sum, run) => sum + (run.memory ?? 0), 0);
  figure("memory", ...parts(bytes(memory)));
  at("heap").textContent = `server: heap ${bytes(server.heap)} of ${bytes(server.max_heap)}, ${server.threads} threads`;

  at("places").replaceChildren(...now.places.map((places) => pool(places, now.running)));

  at("running-count").textContent = now.running.length || "";
  at("running").hidden = now.running.length === 0;
  at("running-empty").hidden = now.running.length > 0;
  rows("running", now.running, (row, run) => {
    cell(row, "program", named(run.program));
    cell(row, "request", element("span", "mono", `${run.method} ${run.path}`));
    cell(row, "client", run.client);
    cell(row, "state", state(run.state));
    cell(row, "time", time(run.seconds), "n");
    cell(row, "memory", bytes(run.memory), "n");
    cell(row, "process", run.pid ?? "", "n");
  });

  at("refusals-count").textContent = now.refusals.length || "";
  at("refusals-empty").hidden = now.refusals.length > 0;
  refusals(now.refusals);

  const rules = Object.entries(now.rules).sort((a, b) => b[1] - a[1]);
  at("rules-section").hidden = rules.length === 0;
  at("rules").replaceChildren(
    ...rules.map(([rule, n]) => {
      const item = element("li", "mono", rule);
      item.append(element("b", "", number.format(n)));
      return item;
    }),
  );

  const workers = now.groups.flatMap((group) =>
    group.workers.map((worker) => ({ group: group.name, ...worker })),
  );
  at("groups-section").hidden = workers.length === 0;
  rows("groups", workers, (row, worker) => {
    cell(row, "program", named(worker.program));
    cell(row, "group", `${worker.group}, ${worker.mode}`);
    cell(row, "state", state(worker.state, worker.why));
    cell(row, "requests", number.format(worker.requests), "n");
    cell(row, "age", time(worker.seconds), "n");
    cell(row, "memory", bytes(worker.memory), "n");
    cell(row, "process", worker.pid ?? "", "n");
  });

  at("java-section").hidden = now.java.length === 0;
  rows("java", now.java, (row, program) => {
    cell(row, "program", named(program.program));
    cell(row, "state", state(program.state, program.why));
    cell(row, "busy", program.busy, "n");
    cell(row, "idle", program.idle, "n");
    cell(row, "abandoned", program.abandoned, "n");
  });

  rows("mounts", now.mounts, (row, mount) => {
    cell(row, "prefix", element("span", "mono", mount.prefix));
    cell(row, "application", element("span", "mono", mount.application));
    const answers = Object.entries(mount.statuses).map(([name, n]) => `${name} ${number.format(n)}`);
    cell(row, "answers", answers.join(", "));
    cell(row, "requests", number.format(mount.total), "n");
  });
}

function live(className, text) {
  at("live").className = className;
  // A screen reader reads a text aloud that is set again.
  if (at("live-text").textContent !== text) {
    at("live-text").textContent = text;
  }
}

async function ask() {
  if (document.visibilityState === "visible") {
    let failed = "no answer";
    try {
      const response = await fetch("json", { cache: "no-store" });
      if (!response.ok) {
        throw new Error(`${response.status}`);
      }
      const now = await response.json();
      failed = "this page cannot show the answer";
      show(now);
      live("on", "live");
    } catch (error) {
      before = null;
      live("lost", `${failed} (${error.message})`);
    }
  } else {
    before = null;
  }
  setTimeout(ask, EVERY);
}

ask();
