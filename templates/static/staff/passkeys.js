// Passkeys, on the login page and on the page about account security. A form with data-passkey asks our server how to
// ask the browser (data-begin), has the browser do it ("create" or "get"), and is sent with what the browser answers.

const supported =
  "parseCreationOptionsFromJSON" in (window.PublicKeyCredential ?? {}) && !/^[\d.]+$|^\[/.test(location.hostname);

const ask = {
  create: (options) =>
    navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey) }),
  get: (options) =>
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) }),
};

const reasons = {
  InvalidStateError: "This device has a passkey of yours already.",
  NotAllowedError: "The browser gave no passkey: it was cancelled, took too long, or there is none.",
  SecurityError: "The browser allows no passkeys at this address.",
};

async function begin(form) {
  const response = await fetch(form.dataset.begin, { method: "POST", body: new FormData(form) });
  const answer = await response.json().catch(() => ({ message: "The site did not answer as expected: reload the page." }));
  if (response.ok) return answer;
  throw new Error(Object.values(answer.data ?? {}).flat().join(" ") || answer.message);
}

async function use(form) {
  const problem = form.querySelector("[data-problem]");
  const button = form.querySelector("[type=submit], button");
  problem.hidden = button.disabled = true;
  try {
    const { options, state } = await begin(form);
    const credential = await ask[form.dataset.passkey](options);
    form.elements.state.value = state;
    form.elements.credential.value = JSON.stringify(credential);
    if (form.elements.password) form.elements.password.value = "";
    form.submit();
  } catch (error) {
    problem.textContent = reasons[error.name] ?? error.message;
    problem.hidden = button.disabled = false;
  }
}

if (supported) {
  for (const note of document.querySelectorAll("[data-no-passkeys]")) note.hidden = true;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      use(form);
    });
  }
}
