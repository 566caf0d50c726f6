// Warns before the screen is locked, then covers it and asks for the password in place: what was being written stays.
// Everything works without this file; then the server asks at the next click, and keeps what was sent.
(() => {
  "use strict";
  const dialog = document.getElementById("gt-idle");
  if (!dialog || !dialog.showModal) return;
  const form = dialog.querySelector("form");
  const title = dialog.querySelector("#gt-idle-title");
  const text = dialog.querySelector("#gt-idle-text");
  const warning = dialog.querySelector("[data-warning]");
  const locked = dialog.querySelector("[data-locked]");
  const error = dialog.querySelector("[data-error]");
  const password = dialog.querySelector("#gt-idle-password");
  const WARN = 120;
  let timer = 0;
  let state = "open";
  let touched = Date.now();

  const after = (seconds) => {
    clearTimeout(timer);
    timer = setTimeout(look, Math.max(1, seconds) * 1000);
  };
  const ask = (method) =>
    fetch(dialog.dataset.here, {
      method,
      headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      redirect: "error",
    });
  const take = async (answer) => {
    const found = await answer.json();
    if (String(found.user) !== dialog.dataset.user) return location.reload(); // somebody else has signed in meanwhile
    for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = found.csrf;
    return found.left;
  };

  async function look() {
    let answer;
    try {
      // somebody who has just typed is there
      answer = await ask(state === "open" && Date.now() - touched < 60000 ? "POST" : "GET");
    } catch {
      return after(30);
    }
    if (answer.status === 401) return lock();
    if (!answer.ok) return after(60);
    const left = await take(answer);
    if (left === undefined) return;
    if (left > WARN) {
      open();
      after(left - WARN);
    } else {
      if (state === "open") warn();
      after(Math.min(left + 1, 20));
    }
  }
  function warn() {
    state = "warned";
    dialog.showModal();
    dialog.querySelector("[data-stay]").focus();
  }
  function lock() {
    if (state !== "locked") {
      state = "locked";
      title.textContent = "Locked";
      text.textContent = "Nothing is lost. Show that it is you, and carry on where you were.";
      warning.hidden = true;
      locked.hidden = false;
      dialog.classList.add("gt-idle--locked");
      if (!dialog.open) dialog.showModal();
      if (password) password.focus();
    }
    after(20);
  }
  function open() {
    if (state === "open") return;
    state = "open";
    title.textContent = "Are you still there?";
    text.textContent = "This screen is locked soon. What you are writing stays.";
    warning.hidden = false;
    locked.hidden = true;
    error.textContent = "";
    dialog.classList.remove("gt-idle--locked");
    dialog.close();
  }

  for (const kind of ["keydown", "pointerdown"])
    document.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (state === "warned") stay();
  });
  async function stay() {
    try {
      const answer = await ask("POST");
      if (answer.status === 401) return lock();
      const left = await take(answer);
      open();
      after(left - WARN);
    } catch {
      after(5);
    }
  }
  dialog.querySelector("[data-stay]").addEventListener("click", stay);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (state !== "locked" || !password) return;
    const body = new FormData(form);
    password.value = ""; // at once: what is typed while we wait is the next attempt
    error.textContent = "";
    let answer;
    try {
      answer = await fetch(dialog.dataset.unlock, { method: "POST", headers: { Accept: "application/json" }, body });
    } catch {
      error.textContent = "The system does not answer. Try again.";
      return;
    }
    if (answer.ok) {
      const left = await take(answer);
      open();
      after(left - WARN);
    } else if (answer.status === 400) {
      error.textContent = (await answer.json()).error;
      password.focus();
    } else location.reload();
  });
  addEventListener("focus", () => { if (state === "locked") look(); });
  addEventListener("pageshow", (event) => { if (event.persisted) look(); });
  const whole = Number(document.body.dataset.idleMinutes) * 60;
  after(Math.max(whole - WARN, whole / 2));
})();
