// Mounts the charts that Python described: `[data-chart]` names the JSON beside it. Colours come from the tokens.
// A point of a series that holds a `url` is a link. A colour `token:name` is that token's.

const mounted = new Map(); // element → {chart, text, options}
let library;

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--dk-${name}`).trim();

function look() {
  const axis = {
    axisLine: { lineStyle: { color: token("line") } },
    axisTick: { show: false },
    axisLabel: { color: token("muted"), fontSize: 12 },
    splitLine: { lineStyle: { color: token("line") } },
    nameTextStyle: { color: token("muted"), fontSize: 12 },
  };
  return {
    color: [1, 2, 3, 4, 5, 6, 7, 8].map((number) => token(`series-${number}`)),
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: token("ink") },
    animationDuration: 200,
    // The labels of the axes lie inside the grid's margins. `containLabel`, as it was called, measures them too short.
    grid: { outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { textStyle: { color: token("ink"), fontSize: 12 }, pageTextStyle: { color: token("muted") }, pageIconColor: token("ink"), pageIconInactiveColor: token("line"), inactiveColor: token("line") },
    valueAxis: axis, categoryAxis: { ...axis, splitLine: { show: false } }, logAxis: axis,
    line: { symbolSize: 5, lineStyle: { width: 2 } },
    visualMap: {
      inRange: { color: [0.06, 0.3, 0.65, 1].map((share) => `rgba(${token("heat")}, ${share})`) },
      outOfRange: { color: "transparent" }, // else grey shines through the legend's lighter end
      textStyle: { color: token("muted"), fontSize: 12 },
    },
    // Rich text is drawn on the canvas: the HTML tooltip would need inline styles, which the policy refuses.
    tooltip: {
      renderMode: "richText", backgroundColor: token("card"), borderColor: token("line"),
      textStyle: { color: token("ink"), fontSize: 12 }, axisPointer: { lineStyle: { color: token("muted") } },
    },
  };
}

const optionsOf = (element) => document.getElementById(element.dataset.chart)?.textContent ?? "";

const readColour = (key, value) => {
  const isToken = key.toLowerCase().endsWith("color") && typeof value === "string" && value.startsWith("token:");
  return isToken ? token(value.slice(6)) : value;
};

function follow({ data, event }) {
  if (!data?.url?.startsWith("/")) return;
  if (event?.event?.ctrlKey || event?.event?.metaKey) window.open(data.url, "_blank", "noopener");
  else location.assign(data.url);
}

function draw(element, text) {
  const known = mounted.get(element);
  if (known?.text === text) return;
  const options = JSON.parse(text, readColour);
  options.animation = !known && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const chart = known?.chart ?? library.init(element, look());
  if (!known) chart.on("click", follow);
  // Axes are given anew: of bounds that are not named any more the old ones would stay.
  chart.setOption(options, { replaceMerge: ["xAxis", "yAxis"], lazyUpdate: true });
  mounted.set(element, { chart, text, options });
  if (!known) sizes.observe(element);
  if (!known) element.dispatchEvent(new CustomEvent("chart:drawn", { bubbles: true }));
}

/** The chart in an element with its options, once it is drawn: `chart:drawn` says when, after a change of theme again. */
export const chartIn = (element) => mounted.get(element);

const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => mounted.get(target)?.chart.resize()));

export async function mountCharts(root) {
  const elements = [...root.querySelectorAll("[data-chart]")];
  for (const [element, { chart }] of mounted) {
    if (element.isConnected) continue;
    chart.dispose();
    sizes.unobserve(element);
    mounted.delete(element);
  }
  if (!elements.length) return;
  library ??= await import("../vendor/echarts/echarts.esm.min.js");
  elements.filter((element) => element.isConnected).forEach((element) => draw(element, optionsOf(element)));
}

document.addEventListener("theme:changed", () => {
  const elements = [...mounted.keys()];
  for (const element of elements) {
    mounted.get(element).chart.dispose();
    mounted.delete(element);
    draw(element, optionsOf(element));
  }
});
