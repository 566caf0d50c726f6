// Lists: what is being written is not lost when the network drops; and everybody on a page is chosen at once.
// A form marked data-keep is sent from the page, so that the page stays if nobody answers. Until the server has it, its fields wait
// in this window's own storage: what was typed and chosen, under the token in the address; no name, number or address of anybody.
// Sent twice, because an answer was lost, it is saved once: the second finds that the person was saved since.
// Everything works without this file.
(() => {
  "use strict";
  const all = document.querySelector("[data-all]");
  if (all) {
    const boxes = document.querySelectorAll(`input[type=checkbox][name="${all.dataset.all}"]`);
    all.hidden = false;
    all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; });
  }

  const idle = document.getElementById("gt-idle");
  if (!idle || !window.fetch || !window.FormData) return;
  const PREFIX = "gt-kept:";
  const user = idle.dataset.user;
  const AGAIN = 5000;
  const keyOf = (form) => (form.elements.form ? `${PREFIX}${user}:${location.pathname}:${form.elements.form.value}` : null);
  const store = (key, value) => {
    if (!key) return;
    try {
      if (value === null) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify(value));
    } catch { /* storage may be off: the form itself still holds what was typed */ }
  };
  const kept = (key) => {
    try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; }
  };
  const fields = (form) => [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken" && name !== "version");

  // what somebody else wrote in this window is not shown to who signs in next
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX) && !key.startsWith(`${PREFIX}${user}:`)) sessionStorage.removeItem(key);
    }
  } catch { /* as above */ }
  // the server says which form it has saved
  const saved = document.querySelector("[data-saved]");
  if (saved) {
    const [token, form] = saved.dataset.saved.split(" ");
    try {
      for (const key of Object.keys(sessionStorage)) {
        if (key.startsWith(`${PREFIX}${user}:`) && key.includes(`/${token}/`) && key.endsWith(`:${form}`)) sessionStorage.removeItem(key);
      }
    } catch { /* as above */ }
  }

  // where to go next; null where the server wants the form sent in the ordinary way; undefined where nobody answers
  const send = async (form, pressed) => {
    const body = new FormData(form);
    if (pressed && pressed.name) body.append(pressed.name, pressed.value);
    let answer;
    try {
      answer = await fetch(form.action, {
        method: "POST", body, redirect: "manual", keepalive: true, headers: { Accept: "application/json", "X-Kept-Form": "1" },
      });
    } catch {
      return undefined;
    }
    if (answer.status >= 502 && answer.status <= 504) return undefined; // a gateway whose server is away
    if (!answer.ok || !(answer.headers.get("Content-Type") || "").includes("json")) return null;
    return (await answer.json()).go;
  };
  const say = (form, text) => {
    let box = form.querySelector("[data-waits]");
    if (!box) {
      box = document.createElement("p");
      box.dataset.waits = "";
      box.className = "gt-panel gt-panel--warn";
      box.setAttribute("role", "status");
      form.append(box);
    }
    box.textContent = text;
  };
  const fill = (form, values) => {
    for (const field of form.elements) {
      if (!field.name || field.name === "csrfmiddlewaretoken" || field.name === "version" || field.name === "form" || field.type === "submit") continue;
      const given = values.filter(([name]) => name === field.name).map(([, value]) => value);
      if (field.type === "checkbox" || field.type === "radio") field.checked = given.includes(field.value);
      else if (given.length) field.value = given[0];
    }
  };

  for (const form of document.querySelectorAll("form[data-keep]")) {
    const key = keyOf(form);
    const before = key && kept(key);
    if (document.querySelector(".nhsuk-error-summary")) {
      store(key, null); // the server has answered, and the page holds what was typed
    } else if (before) {
      fill(form, before.fields);
      say(form, "What you wrote before the connection broke is here again, and is not saved yet.");
    }
    let waiting = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (waiting) return;
      waiting = true;
      const pressed = event.submitter;
      let next;
      for (;;) {
        store(key, { fields: fields(form) });
        next = await send(form, pressed);
        if (next !== undefined) break;
        say(form, "The connection is broken. What you wrote is kept here, and is sent as soon as the system answers. Leave this page open.");
        await new Promise((go) => {
          const timer = setTimeout(go, AGAIN);
          addEventListener("online", () => { clearTimeout(timer); go(); }, { once: true });
        });
      }
      if (next) return location.assign(next);
      // refused, or the screen is locked: the page that says so comes in the ordinary way, with what was typed
      if (pressed && pressed.name) {
        const hidden = document.createElement("input");
        hidden.type = "hidden";
        hidden.name = pressed.name;
        hidden.value = pressed.value;
        form.append(hidden);
      }
      form.submit();
    });
  }
})();
