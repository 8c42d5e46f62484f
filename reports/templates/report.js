"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const TICKS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400,
    172800, 345600, 604800, 1209600, 2419200];
  const LABEL_ROWS = 3;
  const LABEL_PX = 16;
  const LETTER_PX = 6.4;

  const two = (value) => String(value).padStart(2, "0");

  function time(seconds, withSeconds) {
    const whole = Math.round(seconds);
    const text = `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}`;
    return withSeconds ? `${text}:${two(whole % 60)}` : text;
  }

  // Colours are CSS variables, so that a figure follows the page from light to dark.
  function coloured(value, style) {
    if (typeof value === "string") {
      const name = /^var\((--[a-z0-9-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) {
      return typeof value[0] === "number" ? value.slice() : value.map((item) => coloured(item, style));
    }
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
    }
    return value;
  }

  function areaWidth(layout) {
    return Math.max(80, layout.width - layout.margin.l - layout.margin.r);
  }

  function ticks(range, width) {
    const most = Math.max(2, Math.floor(width / 70));
    const length = range[1] - range[0];
    const step = TICKS_S.find((one) => length / one <= most) || Math.ceil(length / most / 604800) * 604800;
    const at = [];
    for (let tick = Math.ceil(range[0] / step) * step; tick <= range[1]; tick += step) at.push(tick);
    return { tickmode: "array", tickvals: at, ticktext: at.map((tick) => time(tick, step < 60)) };
  }

  function timeAxes(layout) {
    return Object.keys(layout).filter((key) => /^xaxis\d*$/.test(key));
  }

  // A label goes to the lowest of a few rows where it has room; the table of steps has those that find none.
  function steps(layout, range, width, style) {
    const shapes = [];
    const annotations = [];
    const taken = [];
    const scale = width / (range[1] - range[0]);
    for (const step of data.steps) {
      const end = step.to_s === null ? step.from_s : step.to_s;
      if (end < range[0] || step.from_s > range[1]) continue;
      const colour = style.getPropertyValue(step.fault ? "--fault" : "--step").trim();
      const from = Math.max(step.from_s, range[0]);
      if (step.to_s === null) {
        shapes.push({ type: "line", xref: "x", yref: "paper", x0: from, x1: from, y0: 0, y1: 1, layer: "above",
          line: { color: colour, width: 1, dash: "dot" }, opacity: 0.7 });
      } else {
        shapes.push({ type: "rect", xref: "x", yref: "paper", x0: from, x1: Math.min(end, range[1]), y0: 0, y1: 1,
          layer: "below", fillcolor: colour, opacity: 0.13, line: { width: 0 } });
      }
      const at = (from - range[0]) * scale;
      const length = step.letters * LETTER_PX + 8;
      const turned = at + length > width + layout.margin.r;
      const left = turned ? at - length : at;
      let row = taken.findIndex((upto) => upto <= left);
      if (row < 0) row = taken.length;
      if (row >= LABEL_ROWS || left < 0) continue;
      taken[row] = left + length;
      annotations.push({ text: step.label, xref: "x", yref: "paper", x: from, y: 1, yshift: 1 + row * LABEL_PX,
        xanchor: turned ? "right" : "left", yanchor: "bottom", showarrow: false, font: { size: 11, color: colour } });
    }
    return { shapes, annotations, top: 10 + taken.length * LABEL_PX };
  }

  function dressed(plot, figure, style, range) {
    const layout = coloured(figure.layout, style);
    layout.width = plot.clientWidth;
    layout.font.family = getComputedStyle(document.body).fontFamily;
    layout.dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";
    if (!figure.over_time) return layout;
    const width = areaWidth(layout);
    const marks = steps(layout, range, width, style);
    layout.shapes = marks.shapes;
    layout.annotations = marks.annotations;
    layout.height += marks.top - layout.margin.t;
    layout.margin.t = marks.top;
    const axes = timeAxes(layout);
    const labelalias = aliases(figure);
    for (const key of axes) Object.assign(layout[key], { range: range.slice(), labelalias }, ticks(range, width));
    layout[axes[axes.length - 1]].title = { text: data.since, standoff: 8, font: { size: 12 } };
    return layout;
  }

  // Plotly knows no h:mm:ss on an axis of numbers, but takes another text for a number that it shows.
  function aliases(figure) {
    const names = {};
    for (const trace of figure.data) {
      for (const x of trace.x) {
        names[x] = trace.width ? `${time(x - trace.width / 2, true)} to ${time(x + trace.width / 2, true)}` : time(x, true);
      }
      if (trace.width) break;
    }
    return names;
  }

  const everything = [0, data.end_s];
  let range = everything;

  const config = { displayModeBar: false, doubleClick: false, showTips: false };

  function drawAll() {
    const style = getComputedStyle(document.documentElement);
    for (const [name, figure] of Object.entries(data.figures)) {
      const plot = document.getElementById(name);
      Plotly.react(plot, coloured(figure.data, style), dressed(plot, figure, style, range), config);
    }
  }

  // All time axes show the same span: to zoom into one figure is to zoom into all.
  function zoomed(change) {
    const axis = Object.keys(change).map((key) => /^(xaxis\d*)\.range\[0\]$/.exec(key)).find(Boolean);
    if (!axis) return;
    const from = Math.max(0, change[`${axis[1]}.range[0]`]);
    const to = Math.min(data.end_s, change[`${axis[1]}.range[1]`]);
    if (to - from >= 1) range = [from, to];
    drawAll();
  }

  drawAll();
  for (const [name, figure] of Object.entries(data.figures)) {
    if (!figure.over_time) continue;
    const plot = document.getElementById(name);
    plot.on("plotly_relayout", zoomed);
    plot.on("plotly_doubleclick", () => {
      range = everything;
      drawAll();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  let waiting = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(drawAll);
  });
})();
