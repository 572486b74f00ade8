// Draws the overview's charts with uPlot, and writes the same values into a table below each, for who asks for it.

const HEIGHT = 160;
const COLOURS = ["--color-primary-600", "--color-red-500", "--color-green-600", "--color-orange-500"];

const drawn = [];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function valuesOf(node) {
  return JSON.parse(node.closest("figure").querySelector("script[type='application/json']").textContent);
}

function draw(node) {
  const { moments, lines } = valuesOf(node);
  const night = document.documentElement.classList.contains("dark");
  const axis = { stroke: colour("--body-quiet-color"), grid: { stroke: colour("--border-color"), width: 1 } };
  const series = lines.map(({ name }, index) => ({
    label: name,
    width: 2,
    stroke: colour(night ? COLOURS[index % COLOURS.length].replace("600", "400") : COLOURS[index % COLOURS.length]),
    points: { show: moments.length < 40 },
  }));
  const options = {
    width: node.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    series: [{ label: "UTC" }, ...series],
    axes: [axis, { ...axis, size: 64 }],
  };
  node.replaceChildren();
  drawn.push({ node, chart: new window.uPlot(options, [moments, ...lines.map(({ values }) => values)], node) });
}

function drawAll() {
  for (const { chart } of drawn.splice(0)) chart.destroy();
  for (const node of document.querySelectorAll("[data-chart]")) draw(node);
}

/** The steps in which something was, newest first. */
function fill(details) {
  const body = details.querySelector("tbody");
  if (body.rows.length) return;
  const { moments, lines } = valuesOf(details);
  for (let step = moments.length - 1; step >= 0; step -= 1) {
    const values = lines.map((line) => line.values[step]);
    if (!values.some(Boolean)) continue;
    const row = body.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = new Date(1000 * moments[step]).toISOString().slice(0, 16).replace("T", " ");
    row.append(head);
    for (const value of values) {
      const cell = row.insertCell();
      cell.className = "number";
      cell.textContent = value.toLocaleString("en");
    }
  }
  if (!body.rows.length) body.insertRow().insertCell().textContent = "Nothing.";
}

for (const details of document.querySelectorAll("[data-values]")) {
  details.addEventListener("toggle", () => fill(details), { once: true });
}
addEventListener("resize", () => {
  for (const { node, chart } of drawn) chart.setSize({ width: node.clientWidth, height: HEIGHT });
});
// By day and by night: unfold marks the page.
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["class"] });
drawAll();
