// Measures each card: a few requests one after the other, and the median of what they took.
const ROUNDS = 5;

// Milliseconds after which an answer counts as a stream.
const STREAM = 200;

const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];

// From 0.5 ms to 1 s, in equal steps for equal factors.
const share = (ms) => Math.min(1, Math.max(0.03, Math.log(ms / 0.5) / Math.log(2000)));

async function measure(url) {
  const leave = new AbortController();
  const start = performance.now();
  const response = await fetch(url, { cache: "no-store", signal: leave.signal });
  const ms = performance.now() - start;
  if (!response.ok) {
    throw new Error(`${response.status}`);
  }
  // To its end, so that the connection can be used again. What goes on streaming is left early, and
  // its program ends then.
  const reader = response.body.getReader();
  while (!(await reader.read()).done) {
    if (performance.now() - start > ms + STREAM) {
      leave.abort();
      break;
    }
  }
  return ms;
}

function show(card, text, ms) {
  card.querySelector(".time").textContent = text;
  if (ms !== undefined) {
    card.querySelector(".bar").style.width = `${share(ms) * 100}%`;
  }
}

async function measureAll() {
  document.querySelectorAll("[data-diagnosis]").forEach(diagnose);
  const times = new Map();
  for (let round = 0; round < ROUNDS; round++) {
    for (const card of document.querySelectorAll("[data-url]")) {
      try {
        const taken = times.get(card) ?? [];
        taken.push(await measure(card.dataset.url));
        times.set(card, taken);
        const ms = median(taken);
        show(card, `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`, ms);
      } catch (error) {
        show(card, `failed (${error.message})`);
      }
    }
  }
  // Not before: a program that runs would be measured, too.
  for (const frame of document.querySelectorAll("iframe[data-src]")) {
    frame.src = frame.dataset.src;
  }
  document.documentElement.dataset.measured = "yes";
}

// The program is run first: what it did wrong is told of its last run.
async function diagnose(place) {
  try {
    await (await fetch("/cgi-bin/broken.sh", { cache: "no-store" })).text();
    const response = await fetch(place.dataset.diagnosis, { cache: "no-store" });
    place.textContent = (await response.text()).trimEnd();
  } catch (error) {
    place.textContent = `no answer (${error.message})`;
  }
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "copied";
    } catch (error) {
      // The browser may refuse it. Without TLS it has a clipboard only for pages of this machine.
      button.textContent = "not copied";
    }
    setTimeout(() => (button.textContent = "copy"), 1500);
  });
}

measureAll();
