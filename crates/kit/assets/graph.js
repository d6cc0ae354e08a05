// Draws the graphs of a page: dagre gives each node a place, this draws them as SVG that can be moved and enlarged with
// pointer, wheel and keys.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  // Below this a name of 12 pixels can no longer be read.
  const LEGIBLE = 0.85;
  const HEIGHT_MAX = 720;
  const CHARS_MAX = 26;
  const CHAR_PX = 6.9;
  const NODE_PX = { height: 38, pad: 20, least: 90 };

  const make = (name, attributes, ...children) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) if (value != null) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  const cut = (text) => (text.length > CHARS_MAX ? `${text.slice(0, 12)}…${text.slice(-13)}` : text);

  const placed = ({ nodes, edges }) => {
    const graph = new dagre.graphlib.Graph({ multigraph: true });
    graph.setGraph({ rankdir: "LR", nodesep: 8, edgesep: 4, ranksep: 64, marginx: 12, marginy: 12 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const node of nodes) {
      const chars = Math.max(cut(node.label).length, cut(node.kind).length * 0.85);
      graph.setNode(node.id, { node, width: Math.max(NODE_PX.least, chars * CHAR_PX + NODE_PX.pad), height: NODE_PX.height });
    }
    edges.forEach((edge, at) => graph.setEdge(edge.from, edge.to, { edge }, String(at)));
    dagre.layout(graph);
    return graph;
  };

  // Things without any relation would stand in one long column; they go into rows below the rest.
  const split = ({ nodes, edges }) => {
    const joined = new Set(edges.flatMap((edge) => [edge.from, edge.to]));
    return { joined: nodes.filter((node) => joined.has(node.id)), alone: nodes.filter((node) => !joined.has(node.id)) };
  };

  const curve = (points) => {
    const [first, ...rest] = points;
    let path = `M${first.x.toFixed(1)} ${first.y.toFixed(1)}`;
    for (let at = 0; at < rest.length; at += 1) {
      const last = at === rest.length - 1;
      const end = last ? rest[at] : { x: (rest[at].x + rest[at + 1].x) / 2, y: (rest[at].y + rest[at + 1].y) / 2 };
      path += `Q${rest[at].x.toFixed(1)} ${rest[at].y.toFixed(1)} ${end.x.toFixed(1)} ${end.y.toFixed(1)}`;
    }
    return path;
  };

  const box = (node, { x, y, width, height }) => {
    const classes = ["node", node.wrong ? "wrong" : "", node.centre ? "centre" : ""].filter(Boolean).join(" ");
    const group = make("a", { href: node.href, class: classes, transform: `translate(${(x - width / 2).toFixed(1)} ${(y - height / 2).toFixed(1)})` });
    const name = make("text", { x: 10, y: 16, class: "name" });
    name.textContent = cut(node.label);
    const kind = make("text", { x: 10, y: 30, class: "kind" });
    kind.textContent = cut(node.wrong ? `✕ ${node.wrong}` : node.kind);
    const title = make("title", {});
    title.textContent = `${node.label}, ${node.kind}${node.wrong ? `: ${node.wrong}` : ""}`;
    group.append(title, make("rect", { width: width.toFixed(1), height, rx: 4 }), name, kind);
    return group;
  };

  const moving = (element, svg, layer, size, centre) => {
    const view = { x: 0, y: 0, scale: 1 };
    const apply = () => layer.setAttribute("transform", `translate(${view.x.toFixed(1)} ${view.y.toFixed(1)}) scale(${view.scale.toFixed(3)})`);
    const room = () => svg.getBoundingClientRect();
    const fit = (least = 0.1) => {
      const { width, height } = room();
      view.scale = Math.min(1, Math.max(least, Math.min(width / size.width, height / size.height)));
      view.x = Math.max(0, (width - size.width * view.scale) / 2);
      view.y = Math.max(0, (height - size.height * view.scale) / 2);
      apply();
    };
    const zoom = (factor, at) => {
      const { width, height } = room();
      const point = at || { x: width / 2, y: height / 2 };
      const scale = Math.min(3, Math.max(0.1, view.scale * factor));
      view.x = point.x - ((point.x - view.x) * scale) / view.scale;
      view.y = point.y - ((point.y - view.y) * scale) / view.scale;
      view.scale = scale;
      apply();
    };
    const pan = (x, y) => {
      view.x += x;
      view.y += y;
      apply();
    };

    svg.addEventListener("wheel", (event) => {
      // A plain wheel scrolls the page, as everywhere.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, top } = room();
      zoom(Math.exp(-event.deltaY / 300), { x: event.clientX - left, y: event.clientY - top });
    }, { passive: false });
    let held = null;
    let moved = 0;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      held = { x: event.clientX, y: event.clientY };
      moved = 0;
    });
    window.addEventListener("pointermove", (event) => {
      if (!held) return;
      moved += Math.abs(event.clientX - held.x) + Math.abs(event.clientY - held.y);
      pan(event.clientX - held.x, event.clientY - held.y);
      held = { x: event.clientX, y: event.clientY };
    });
    window.addEventListener("pointerup", () => { held = null; });
    svg.addEventListener("dragstart", (event) => event.preventDefault());
    svg.addEventListener("click", (event) => { if (moved > 6) event.preventDefault(); }, true);
    svg.addEventListener("keydown", (event) => {
      const step = 48;
      const keys = {
        ArrowLeft: () => pan(step, 0), ArrowRight: () => pan(-step, 0), ArrowUp: () => pan(0, step), ArrowDown: () => pan(0, -step),
        "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => fit(),
      };
      if (keys[event.key] && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        keys[event.key]();
      }
    });
    // Whoever walks through the nodes with the keyboard sees the one that has the focus.
    svg.addEventListener("focusin", (event) => {
      const node = event.target.closest?.(".node");
      if (!node || !node.matches(":focus-visible")) return;
      const at = node.getBoundingClientRect();
      const frame = room();
      const far = (low, high, from, to) => (low < from ? from - low + 16 : high > to ? to - high - 16 : 0);
      pan(far(at.left, at.right, frame.left, frame.right), far(at.top, at.bottom, frame.top, frame.bottom));
    });

    const buttons = document.createElement("div");
    buttons.className = "zoom";
    for (const [label, text, act] of [["Enlarge", "+", () => zoom(1.25)], ["Reduce", "−", () => zoom(0.8)], ["Show all", "Fit", () => fit()]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.setAttribute("aria-label", label);
      button.addEventListener("click", act);
      buttons.append(button);
    }
    element.append(buttons);
    // A drawing that does not fit starts where it can be read, at what it is about or else at its beginning.
    fit(LEGIBLE);
    if (centre && (size.width * view.scale > room().width || size.height * view.scale > room().height)) {
      const { width, height } = room();
      const near = (length, all, at) => Math.min(0, Math.max(length - all * view.scale, length / 2 - at * view.scale));
      view.x = size.width * view.scale > width ? near(width, size.width, centre.x) : view.x;
      view.y = size.height * view.scale > height ? near(height, size.height, centre.y) : view.y;
      apply();
    }
  };

  const draw = (element) => {
    const data = JSON.parse(element.querySelector("script[type='application/json']").textContent);
    const { joined, alone } = split(data);
    const graph = placed({ nodes: joined, edges: data.edges });
    const { width = 0, height = 0 } = joined.length ? graph.graph() : {};
    const layer = make("g", {});
    const centre = graph.nodes().map((id) => graph.node(id)).find((place) => place.node.centre);
    const size = { width: Math.max(width, 300), height };
    for (const id of graph.edges()) {
      const { points, edge } = graph.edge(id);
      const title = make("title", {});
      title.textContent = edge.label;
      layer.append(make("path", { d: curve(points), class: "edge", "marker-end": "url(#arrow)" }, title));
    }
    for (const id of graph.nodes()) {
      const place = graph.node(id);
      layer.append(box(place.node, place));
    }
    const columns = Math.max(1, Math.floor(Math.max(size.width, element.clientWidth) / 214));
    alone.forEach((node, at) => {
      const place = { width: 202, height: NODE_PX.height, x: 113 + (at % columns) * 214, y: height + 31 + Math.floor(at / columns) * 48 };
      size.width = Math.max(size.width, place.x + 113);
      size.height = Math.max(size.height, place.y + 31);
      layer.append(box(node, place));
    });
    const arrow = make("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, make("path", { d: "M0 0L8 4L0 8z" }));
    const svg = make("svg", { role: "group", tabindex: 0, "aria-label": `${element.dataset.title}. Arrow keys move, plus and minus enlarge, 0 shows all` }, make("defs", {}, arrow), layer);
    svg.setAttribute("height", Math.round(Math.min(HEIGHT_MAX, Math.max(180, size.height + 8))));
    element.append(svg);
    moving(element, svg, layer, size, centre);
  };

  document.addEventListener("ready", (event) => {
    const element = event.target;
    if (element.classList.contains("drawing") && !element.querySelector("svg")) draw(element);
  });
})();
