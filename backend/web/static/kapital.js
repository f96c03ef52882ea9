// Behaviour of the pages by data attributes. Every page works without it, except charts and live parts.
(() => {
  "use strict";
  const YEAR_S = 365 * 24 * 3600;
  const lang = document.documentElement.lang;

  // --- theme -------------------------------------------------------------------------------------------------------
  function toggleTheme(button) {
    const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    document.documentElement.dataset.bsTheme = next;
    document.cookie = `kapital_theme=${next}; path=/; max-age=${YEAR_S}; samesite=lax`;
    button.querySelector(".ti").className = `ti ti-${next === "dark" ? "sun" : "moon"}`;
    document.querySelectorAll("[data-chart]").forEach(drawChart);
  }

  // --- copy, reveal ------------------------------------------------------------------------------------------------
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: button.dataset.copy });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const icon = button.querySelector(".ti");
    button.classList.add("copied");
    icon?.classList.replace("ti-copy", "ti-check");
    setTimeout(() => { button.classList.remove("copied"); icon?.classList.replace("ti-check", "ti-copy"); }, 1500);
  }

  function reveal(button) {
    const field = document.getElementById(button.dataset.reveal);
    field.type = field.type === "password" ? "text" : "password";
    button.querySelector(".ti").className = `ti ti-${field.type === "password" ? "eye" : "eye-off"}`;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-toggle], [data-copy], [data-reveal]");
    if (!button) return;
    if ("themeToggle" in button.dataset) toggleTheme(button);
    else if ("copy" in button.dataset) copy(button);
    else reveal(button);
  });

  // --- forms: ask first, send once -----------------------------------------------------------------------------------
  // What a form would sign, in words; null when it signs nothing or would be refused (it is then sent in earnest and told why).
  async function preview(form, button) {
    const content = new FormData(form, button);
    content.delete("totp_code");
    try {
      const answer = await fetch(button.getAttribute("formaction") ?? form.getAttribute("action"), {
        method: "POST", body: content, headers: { "Kapital-Preview": "1" }, credentials: "same-origin", redirect: "error",
      });
      const found = await answer.json();
      return found.shown ? found : null;
    } catch {
      return null;
    }
  }

  function lines(text) {
    const list = document.createElement("dl");
    list.className = "kp-facts";
    for (const line of text.split("\n")) {
      const at = line.indexOf(": "), row = document.createElement("div");
      for (const [kind, words] of [["dt", line.slice(0, at)], ["dd", line.slice(at + 2)]]) {
        const part = document.createElement(kind);
        part.textContent = words;
        row.append(part);
      }
      list.append(row);
    }
    return list;
  }

  function ask(text, found, code) {
    const dialog = document.getElementById("kp-confirm"), shown = document.getElementById("kp-confirm-shown");
    const field = document.getElementById("kp-confirm-code"), typed = document.getElementById("kp-confirm-totp");
    document.getElementById("kp-confirm-text").textContent = text;
    shown.replaceChildren(...(found?.shown ?? []).map(lines));
    shown.hidden = !shown.childElementCount;
    field.hidden = !(found?.code_needed && !code);
    typed.value = "";
    dialog.returnValue = "no";
    dialog.showModal();
    if (!field.hidden) typed.focus();
    return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
  }

  document.getElementById("kp-confirm-totp")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    document.querySelector("#kp-confirm button[value=yes]").click();
  });

  function put(form, name, value) {
    const field = form.querySelector(`input[name="${name}"]`) ?? document.createElement("input");
    if (!field.isConnected) { field.type = "hidden"; field.name = name; form.append(field); }
    field.value = value;
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    if (form.method === "dialog") return;
    const signs = form.querySelector("[data-signs]") !== null;
    if (button && (signs || button.dataset.confirm) && !button.dataset.confirmed) {
      event.preventDefault();
      if (form.dataset.asking) return;
      form.dataset.asking = "yes";
      const code = form.querySelector('input[name="totp_code"]')?.value.trim();
      const found = signs ? await preview(form, button) : null;
      const question = button.dataset.confirm ?? document.getElementById("kp-confirm").dataset.signing;
      // A form that would be refused, or that signs nothing after all, is sent without a question of its own.
      const idle = !found || !(found.shown.length || found.code_needed);
      if ((idle && !button.dataset.confirm) || await ask(question, found, code)) {
        if (found) put(form, "shown_hash", found.shown_hash);
        const typed = document.getElementById("kp-confirm-totp").value.trim();
        if (typed) put(form, "totp_code", typed);
        button.dataset.confirmed = "yes";
        form.requestSubmit(button);
        delete button.dataset.confirmed;
      }
      delete form.dataset.asking;
      return;
    }
    if ("once" in form.dataset) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
      button?.setAttribute("aria-busy", "true");
    }
  });

  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
    });
  });

  document.addEventListener("change", (event) => {
    if ("autosubmit" in event.target.dataset) event.target.form.requestSubmit();
    const drop = event.target.closest("[data-drop]");
    if (drop && event.target.files.length) {
      drop.querySelector("[data-drop-text]").textContent = [...event.target.files].map((file) => file.name).join(", ");
      drop.classList.add("chosen");
    }
  });

  // --- what is to be paid: a number of units times a price in kopeks, while it is typed -----------------------------------
  function reckon(total) {
    const typed = total.form.elements[total.dataset.total].value.replace(/[\s\u00a0]/g, "");
    const rubles = /^\d{1,12}$/.test(typed) ? (Number(typed) * Number(total.dataset.price)) / 100 : null;
    total.value = rubles === null ? "—" : `${rubles.toLocaleString(lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}\u00a0₽`;
  }

  document.addEventListener("input", (event) => event.target.form?.querySelectorAll("output[data-total]").forEach(reckon));

  for (const name of ["dragenter", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.target.closest?.("[data-drop]")?.classList.toggle("over", name === "dragenter");
    });
  }

  // --- toasts: long enough for slow readers, held while looked at (WCAG 2.2.1), and not lost when a part reloads the page ------
  const TOAST_MS = 20000, TOAST = "kp-toast";

  function linger(toast, ms) {
    let timer;
    const hold = () => clearTimeout(timer);
    const release = (rest) => { hold(); timer = setTimeout(() => toast.remove(), rest); };
    for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, hold);
    for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, () => release(TOAST_MS));
    toast.dataset.until = Date.now() + ms;
    release(ms);
  }

  function keepToast() {
    const toast = document.querySelector("[data-toast].show");
    if (toast) sessionStorage.setItem(TOAST, JSON.stringify([toast.querySelector("span").textContent, toast.dataset.until]));
  }

  function showToast() {
    const [text, until] = JSON.parse(sessionStorage.getItem(TOAST) || "[null, 0]"), rest = until - Date.now();
    sessionStorage.removeItem(TOAST);
    const made = document.getElementById("kp-toast").content.firstElementChild.cloneNode(true);
    if (text && rest > 0 && !document.querySelector("[data-toast]")) {
      made.querySelector("span").textContent = text;
      document.querySelector(".kp-toasts").append(made);
      linger(made, rest);
    } else document.querySelectorAll("[data-toast]").forEach((toast) => linger(toast, TOAST_MS));
  }

  // --- a part asks for the whole page anew (HX-Refresh) --------------------------------------------------------------
  // Never under the hands of somebody who types, is (about to be) asked, has just sent a form or is on the way to another page: then only
  // the part is renewed, and the next event asks again. An answer to a form (data-answer) isn't loaded anew either: that would send the form once more.
  const LEAVING_MS = 10000; // a file that is downloaded begins like another page, but nobody leaves
  let leavingUntil = 0;
  window.addEventListener("beforeunload", () => { leavingUntil = Date.now() + LEAVING_MS; });

  document.addEventListener("input", (event) => {
    if (event.target.form) event.target.form.dataset.touched = "yes";
  });

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, target } = event.detail;
    if (xhr.getResponseHeader("HX-Refresh") !== "true") return;
    event.preventDefault();
    const busy = document.querySelector("dialog[open], form[data-asking], form[data-sent], form[data-touched], body[data-answer]");
    if (busy || Date.now() < leavingUntil) {
      htmx.swap(target, xhr.responseText, { swapStyle: "innerHTML" });
      return;
    }
    keepToast();
    location.reload();
  });

  // --- charts --------------------------------------------------------------------------------------------------------
  const colour = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

  // Figures and dates on axes as the page's language writes them; ECharts itself knows English only.
  const inWords = {
    value: { formatter: (value) => value.toLocaleString(lang) },
    time: { formatter: (value) => new Date(value).toLocaleDateString(lang, { day: "numeric", month: "short", timeZone: "Europe/Moscow" }), hideOverlap: true },
  };

  function drawChart(element) {
    if (!window.echarts) return;
    const option = JSON.parse(element.dataset.chart);
    const axis = { axisLine: { lineStyle: { color: colour("--kp-line") } }, axisTick: { show: false }, axisLabel: { color: colour("--kp-muted") }, splitLine: { lineStyle: { color: colour("--kp-line") } } };
    for (const name of ["xAxis", "yAxis"]) {
      if (option[name]) option[name] = [].concat(option[name]).map((one) => ({ ...axis, axisLabel: { ...axis.axisLabel, ...inWords[one.type] }, ...one }));
    }
    const base = {
      color: [colour("--kp-accent"), "#f2b84b", "#4fb3a9", "#8c7ae6", "#e07a5f", "#7f8ea3"],
      textStyle: { fontFamily: "Golos, sans-serif", color: colour("--kp-ink") },
      grid: { left: 8, right: 12, top: 36, bottom: 4, containLabel: true },
      tooltip: { trigger: option.xAxis ? "axis" : "item", confine: true, backgroundColor: colour("--kp-card"), borderColor: colour("--kp-line"), textStyle: { color: colour("--kp-ink") } },
      animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    };
    if (option.legend) option.legend = { top: 0, right: 0, icon: "circle", textStyle: { color: colour("--kp-muted") }, ...option.legend };
    const chart = echarts.getInstanceByDom(element) || echarts.init(element, null, { renderer: "svg" });
    chart.setOption({ ...base, ...option }, true);
  }

  function start(root) {
    root.querySelectorAll("[data-chart]").forEach(drawChart);
    root.querySelector("[data-autofocus]")?.focus();
  }

  document.addEventListener("DOMContentLoaded", () => {
    start(document);
    showToast();
    document.querySelectorAll("output[data-total]").forEach(reckon);
  });
  document.addEventListener("htmx:afterSwap", (event) => start(event.target));
  window.addEventListener("resize", () => document.querySelectorAll("[data-chart]").forEach((element) => window.echarts?.getInstanceByDom(element)?.resize()));
})();
