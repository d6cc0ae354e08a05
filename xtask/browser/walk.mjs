// Walks every page in a headless Chromium: `node walk.mjs BASE_URL OUT_DIR`.
//
// At two sizes and in light and dark it opens every page that is linked from the navigation and one of each kind below
// it, and demands: no error on the console, no request to another host, nothing wider than a phone, no dead link, main
// controls within reach of the keyboard, and a way from a KPI to an entity, to a fact, to its proof. Screenshots go to
// OUT_DIR. The exit status is 1 where anything failed, with a line for each failure.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [base, out] = process.argv.slice(2);
if (!base || !out) {
  console.error("usage: node walk.mjs BASE_URL OUT_DIR");
  process.exit(2);
}
const modules = process.env.MAINSTAY_TEST_NODE_MODULES || process.env.NODE_PATH || join(process.cwd(), "node_modules");
const { chromium } = createRequire(join(modules, "/"))("playwright-core");
const origin = new URL(base).origin;
mkdirSync(out, { recursive: true });

const SIZES = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const SCHEMES = ["light", "dark"];
// What the navigation must offer; a page that is missing there fails the walk.
const PLACES = ["Scorecard", "Estate", "Findings", "Changes", "Incidents", "Objectives", "Alerts", "Backups", "Vulnerabilities", "Spend", "Ledger"];
// Links checked in all; a page of a list is like any other page of it.
const LINKS_MAX = 400;
// What runs into this hangs.
const WAIT_MS = 15000;

const failures = [];
const fail = (where, what) => {
  const line = `${where}: ${what}`;
  if (!failures.includes(line)) failures.push(line);
};
const name = (path) => (path === "/" ? "scorecard" : path.slice(1).replace(/[^a-z0-9]+/gi, "-").slice(0, 60));
const local = (href) => {
  const url = new URL(href, base);
  return url.origin === origin ? url.pathname + url.search : null;
};

const links = new Map();
const remember = async (page, from) => {
  for (const href of await page.$$eval("a[href]", (all) => all.map((a) => a.getAttribute("href")))) {
    if (href.startsWith("#")) continue;
    const path = local(href);
    if (path && !links.has(path)) links.set(path, from);
  }
};

const watched = async (browser, options) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const where = () => (page.url() === "about:blank" ? "start" : new URL(page.url()).pathname);
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") fail(where(), `console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => fail(where(), `script failed: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== origin) fail(where(), `request to another host: ${request.url()}`);
  });
  page.on("requestfailed", (request) => {
    // A page that is left while it still loads gives up what it waits for.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") fail(where(), `request failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  return { context, page };
};

const open = async (page, path) => {
  const response = await page.goto(base + path, { waitUntil: "load" });
  if (!response || response.status() >= 400) {
    fail(path, `answers ${response?.status()}`);
    return false;
  }
  // Charts and graphs are drawn after the page is there; each must come to be.
  for (const kind of [".plot:has(script)", ".drawing:has(script)"]) {
    const drawn = kind.startsWith(".plot") ? "canvas" : "svg";
    for (const element of await page.$$(kind)) {
      await element.waitForSelector(drawn, { state: "attached" }).catch(() => fail(path, `${kind.split(":")[0]} was not drawn`));
    }
  }
  return true;
};

// Whatever is wider than the window moves the whole page sideways; tables and graphs scroll in their own frame.
const checkWidth = async (page, path, size) => {
  const over = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return null;
    const wide = [...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > width + 1 && !e.closest(".scroll, pre, .drawing, .plot"));
    return `${document.documentElement.scrollWidth} px in ${width} px, by ${wide.slice(0, 3).map((e) => `${e.tagName.toLowerCase()}.${e.className}`).join(", ")}`;
  });
  if (over) fail(path, `is too wide at ${size}: ${over}`);
};

const checkForm = async (page, path) => {
  const wrong = await page.evaluate(() => {
    const out = [];
    if (document.querySelectorAll("h1").length !== 1) out.push("has not exactly one h1");
    if ([...document.querySelectorAll("[style]")].some((e) => !e.closest(".uplot"))) out.push("has an inline style");
    if (document.querySelector("style, script:not([src]):not([type='application/json'])")) out.push("has an inline script or style sheet");
    for (const table of document.querySelectorAll("table:not(.u-legend)")) if (!table.caption) out.push("has a table without caption");
    for (const field of document.querySelectorAll("input:not([type=hidden]), select")) if (!field.labels?.length && !field.getAttribute("aria-label")) out.push(`has a field without label: ${field.name}`);
    for (const link of document.querySelectorAll("a[href]")) if (!link.textContent.trim() && !link.getAttribute("aria-label")) out.push(`has a link without text: ${link.getAttribute("href")}`);
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    const twice = ids.find((id, at) => ids.indexOf(id) !== at);
    if (twice) out.push(`has the id ${twice} twice`);
    return out;
  });
  wrong.forEach((what) => fail(path, what));
};

// Contrast of the text against what lies behind it (WCAG 2.2, 1.4.3: 4.5 to 1).
const checkContrast = async (page, path, scheme) => {
  const poor = await page.evaluate(() => {
    const rgb = (text) => text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    const light = ([r, g, b]) => [r, g, b].map((c) => { const s = c / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; }).reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = (element) => {
      for (let here = element; here; here = here.parentElement) {
        const colour = rgb(getComputedStyle(here).backgroundColor);
        if (colour.length < 4 || colour[3] === 1) return colour;
      }
      return [255, 255, 255];
    };
    const out = new Set();
    for (const element of document.querySelectorAll("body *")) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
      if (!own || element.closest("svg, option, script, [hidden]") || !element.checkVisibility()) continue;
      const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) out.add(`${element.tagName.toLowerCase()}.${element.className} has ${ratio.toFixed(2)}`);
    }
    return [...out].slice(0, 3);
  });
  if (poor.length) fail(path, `has poor contrast in ${scheme}: ${poor.join("; ")}`);
};

// Tab must reach the way past the navigation, the search, the navigation and what the page is about, and each must show
// that it has the focus.
const checkKeyboard = async (page, path) => {
  const seen = new Set();
  let unseen = "";
  for (let at = 0; at < 60; at += 1) {
    await page.keyboard.press("Tab");
    const here = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      const shown = style.outlineStyle !== "none" || style.borderColor !== "" && element.matches("svg a");
      const part = element.matches(".skip") ? "skip" : element.closest("header.top") ? "top" : element.closest("nav.side") ? "navigation" : element.closest("main") ? "main" : "other";
      return { part, shown, what: `${element.tagName.toLowerCase()} ${element.textContent.trim().slice(0, 20)}` };
    });
    if (!here) break;
    if (!here.shown) unseen = here.what;
    seen.add(here.part);
    if (seen.has("main") && seen.size >= 4) break;
  }
  for (const part of ["skip", "top", "navigation", "main"]) if (!seen.has(part)) fail(path, `the keyboard does not reach ${part}`);
  if (unseen) fail(path, `the focus does not show on ${unseen}`);
  await page.keyboard.press("/");
};

// The first link of a list that leads to one of its things.
const firstOf = async (page, prefix) =>
  page.$$eval("main tbody a[href]", (all, prefix) => all.map((a) => a.getAttribute("href")).find((href) => href.startsWith(prefix)) ?? null, prefix);

// All pages to walk: the navigation, one page of each kind below it, and those that no list leads to.
const gather = async (browser) => {
  const { context, page } = await watched(browser, { viewport: SIZES.wide });
  if (!(await open(page, "/"))) return [];
  const places = await page.$$eval("nav.side a", (all) => all.map((a) => [a.textContent.trim(), a.getAttribute("href")]));
  for (const place of PLACES) if (!places.some(([label]) => label === place)) fail("/", `the navigation has no ${place}`);
  const paths = places.map(([, href]) => href);
  for (const [, href] of places) {
    if (!(await open(page, href))) continue;
    const one = await firstOf(page, href === "/" ? "/kpis/" : `${href}/`);
    if (one) paths.push(one);
  }
  for (const extra of ["/estate/catalog", "/estate/graph", "/estate/graph?what=ownership", "/estate/graph?what=resources", "/alerts/quality", "/sign-in"]) paths.push(extra);
  if (await open(page, "/estate/catalog")) {
    const one = await firstOf(page, "/estate/");
    if (one) paths.push(one);
  }
  await open(page, "/");
  const kpis = await page.$$eval("main tbody th a", (all) => all.map((a) => a.getAttribute("href")));
  if (kpis.length !== 19) fail("/", `the scorecard has ${kpis.length} KPIs and not 19`);
  paths.push(...kpis);
  await context.close();
  return [...new Set(paths)];
};

const walk = async (browser, paths) => {
  for (const scheme of SCHEMES) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const { context, page } = await watched(browser, { viewport, colorScheme: scheme, reducedMotion: "reduce" });
      for (const path of paths) {
        if (!(await open(page, path))) continue;
        await checkWidth(page, path, size);
        await checkContrast(page, path, scheme);
        if (scheme === "light" && size === "wide") {
          await checkForm(page, path);
          await remember(page, path);
        }
        await page.screenshot({ path: join(out, `${name(path)}-${size}-${scheme}.png`), fullPage: true });
      }
      if (scheme === "light" && size === "wide") {
        for (const path of ["/", "/findings", "/ledger"]) if (await open(page, path)) await checkKeyboard(page, path);
      }
      await context.close();
    }
  }
};

const checkLinks = async (browser) => {
  const { context } = await watched(browser, {});
  const queue = [...links].slice(0, LINKS_MAX);
  const check = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [path, from] = next;
      const response = await context.request.get(base + path, { timeout: WAIT_MS }).catch((error) => error);
      const status = typeof response.status === "function" ? response.status() : response.message;
      if (!(status < 400)) fail(path, `linked from ${from}, answers ${status}`);
    }
  };
  await Promise.all([check(), check(), check(), check()]);
  await context.close();
};

// From the scorecard to a KPI with a value, to an entity that made it, to a fact about that, to its proof.
const follow = async (browser) => {
  const { context, page } = await watched(browser, { viewport: SIZES.wide });
  await open(page, "/");
  const kpi = await page.$("main tbody a.value");
  if (!kpi) {
    fail("/", "no KPI has a value to follow");
    return context.close();
  }
  await kpi.click();
  await page.waitForLoadState("load");
  const onKpi = new URL(page.url()).pathname;
  const row = page.locator("section[aria-labelledby=made-of] tbody tr").first();
  if (!(await row.count())) {
    fail(onKpi, "shows nothing that made the value");
    return context.close();
  }
  const fact = row.locator(".fact-links a").first();
  if (!(await fact.count())) fail(onKpi, "a row has no fact");
  await row.locator("th a").first().click();
  await page.waitForLoadState("load");
  const onEntity = new URL(page.url()).pathname;
  const ofEntity = page.locator("section[aria-labelledby=facts] tbody th a").first();
  if (!(await ofEntity.count())) {
    fail(onEntity, "shows no fact");
    return context.close();
  }
  await ofEntity.click();
  await page.waitForLoadState("load");
  const onFact = new URL(page.url()).pathname;
  const proof = (await page.locator("section[aria-labelledby=proof]").textContent().catch(() => "")) ?? "";
  if (!proof.includes("holds: this is entry")) fail(onFact, `its proof does not hold: ${proof.slice(0, 120)}`);
  if (!(await page.locator("section[aria-labelledby=changed]").count())) fail(onFact, "does not say what it changed");
  console.log(`followed ${onKpi} to ${onEntity} to ${onFact} and its proof`);
  await context.close();
};

// The switch of light and dark must hold from one page to the next, and a filter must narrow its list.
const use = async (browser) => {
  const { context, page } = await watched(browser, { viewport: SIZES.wide, colorScheme: "light" });
  await open(page, "/alerts");
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const before = await ground();
  await page.click("[data-theme-switch]");
  await page.click("[data-theme-switch]");
  await open(page, "/alerts");
  if ((await ground()) === before) fail("/alerts", "the choice of a dark theme does not hold on the next page");
  await page.selectOption("select[name=class]", "noise");
  await page.click("form.filters button[type=submit]");
  await page.waitForLoadState("load");
  const words = await page.$$eval("main tbody td .status", (all) => all.map((e) => e.textContent.trim()));
  if (!new URL(page.url()).searchParams.get("class")) fail("/alerts", "a filter does not reach the address");
  if (words.some((word) => ["actionable", "unclassified"].includes(word))) fail("/alerts", "a filter does not narrow the list");
  await context.close();
};

const browser = await chromium.launch({
  executablePath: process.env.MAINSTAY_TEST_CHROMIUM || "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const paths = await gather(browser);
  await walk(browser, paths);
  await follow(browser);
  await use(browser);
  await checkLinks(browser);
  console.log(`walked ${paths.length} pages at ${Object.keys(SIZES).length} sizes in ${SCHEMES.length} schemes; checked ${Math.min(links.size, LINKS_MAX)} links`);
} catch (error) {
  fail("walk", error.stack ?? String(error));
} finally {
  await browser.close();
}
if (failures.length) {
  failures.forEach((line) => console.error(`failed: ${line}`));
  console.error(`${failures.length} failures`);
  process.exit(1);
}
console.log("all pages are as they must be");
