// Draws the charts of a page with uPlot. The figures stand in the page as JSON; colours come from the style sheet.
"use strict";
(() => {
  const NARROW = "\u202f";
  const HEIGHT = 200;

  const trimmed = (number, digits) => {
    const text = number.toFixed(digits);
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  };
  const grouped = (text) => {
    const [whole, rest] = text.split(".");
    const spaced = whole.replace(/^-/, "").length < 5 ? whole : whole.replace(/\B(?=(\d{3})+$)/g, NARROW);
    return rest === undefined ? spaced : `${spaced}.${rest}`;
  };

  const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const seconds = (value) => {
    const [unit, size] = UNITS.find(([, size]) => Math.abs(value) >= size) || UNITS[3];
    return `${trimmed(value / size, 1)}${NARROW}${unit}`;
  };

  const format = (unit, suffix, value) => {
    if (value == null) return "–";
    switch (unit) {
      case "ratio": return `${trimmed(value * 100, 1)}${NARROW}%`;
      case "seconds": return seconds(value);
      case "money": return grouped(trimmed(value, 2)) + (suffix ? NARROW + suffix : "");
      default: return grouped(trimmed(value, 1)) + (suffix ? NARROW + suffix : "");
    }
  };

  // Steps of time that people count in; uPlot's own are decimal.
  const STEPS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 432000, 864000, 2592000];

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    // A canvas knows no light-dark(); a painted element tells what it came to.
    const probe = document.createElement("span");
    probe.className = "probe";
    document.body.append(probe);
    const resolved = (name) => {
      probe.dataset.colour = name;
      return getComputedStyle(probe).color;
    };
    const out = { accent: resolved("accent"), text: resolved("soft"), line: resolved("line"), band: resolved("band"), more: [resolved("accent"), resolved("second"), resolved("third"), resolved("fourth"), resolved("fifth"), resolved("soft")], font: of("--font") };
    probe.remove();
    return out;
  };

  const draw = (element) => {
    const data = JSON.parse(element.querySelector("script[type='application/json']").textContent);
    const show = (value) => format(data.unit, data.suffix, value);
    const colour = colours();
    const font = `12px ${colour.font || "system-ui"}`;
    const columns = [data.times];
    const series = [{ value: (_, at) => (at == null ? "–" : data.labels[data.times.indexOf(at)]), label: "" }];
    const bands = [];
    const bars = data.bars ? uPlot.paths.bars({ size: [0.7, 40], align: 0 }) : undefined;
    data.series.forEach((one, at) => {
      columns.push(one.values);
      const stroke = colour.more[at % colour.more.length];
      series.push({
        label: one.name, stroke, width: data.bars ? 0 : 1.75, fill: data.bars ? stroke : undefined, paths: bars,
        points: { show: !data.bars, size: 5, fill: stroke }, value: (_, value) => show(value), spanGaps: false,
      });
    });
    if (data.target != null) {
      columns.push(data.times.map(() => data.target));
      series.push({ label: "Target", stroke: colour.text, width: 1, dash: [4, 4], points: { show: false }, value: (_, value) => show(value) });
    }
    if (data.band) {
      const at = series.length;
      for (const side of [1, 0]) {
        columns.push(data.band.map((pair) => (pair ? pair[side] : null)));
        series.push({ label: side ? "95 % high" : "95 % low", stroke: "transparent", width: 0, points: { show: false }, value: (_, value) => show(value) });
      }
      bands.push({ series: [at, at + 1], fill: colour.band });
    }
    const ratio = data.unit === "ratio";
    const options = {
      width: element.clientWidth, height: HEIGHT, series, bands,
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      legend: { live: true },
      scales: {
        x: { time: true, range: data.bars ? (_, low, high) => {
          const step = data.times.length > 1 ? data.times[1] - data.times[0] : 86400;
          return [low - step / 2, high + step / 2];
        } : undefined },
        y: { range: (_, low, high) => {
          if (low == null) return [0, 1];
          const floor = low < 0 ? low * 1.1 : 0;
          const top = high > 0 ? high * 1.12 : 1;
          return [floor, ratio ? Math.min(Math.max(top, 0.05), high > 0.8 ? 1.02 : 1) : top];
        } },
      },
      axes: [
        {
          stroke: colour.text, font, grid: { show: false }, ticks: { show: false }, gap: 6, size: 30,
          splits: (plot) => {
            const fit = Math.max(2, Math.floor(plot.bbox.width / devicePixelRatio / 72));
            const each = Math.max(1, Math.ceil(data.times.length / fit));
            return data.times.filter((_, at) => (data.times.length - 1 - at) % each === 0);
          },
          values: (_, splits) => splits.map((at) => data.labels[data.times.indexOf(at)] ?? ""),
        },
        {
          stroke: colour.text, font, grid: { stroke: colour.line, width: 1 }, ticks: { show: false }, gap: 6,
          size: (_, values) => (values ? Math.max(36, 12 + 7 * Math.max(...values.map((value) => value.length))) : 48),
          incrs: data.unit === "seconds" ? STEPS : undefined,
          values: (_, splits) => splits.map(show),
        },
      ],
    };
    const script = element.querySelector("script");
    element.replaceChildren(script);
    return new uPlot(options, columns, element);
  };

  const plots = new Map();
  const redraw = (element) => {
    plots.get(element)?.destroy();
    plots.set(element, draw(element));
  };

  document.addEventListener("ready", (event) => {
    const element = event.target;
    if (!element.classList.contains("plot") || plots.has(element)) return;
    redraw(element);
    new ResizeObserver(() => plots.get(element)?.setSize({ width: element.clientWidth, height: HEIGHT })).observe(element);
  });
  const all = () => [...plots.keys()].forEach(redraw);
  document.addEventListener("theme", all);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
