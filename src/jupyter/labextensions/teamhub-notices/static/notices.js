// Shows the server's notices (teamhub_server) as JupyterLab's own notifications.  It is small enough
// to be written as the container that JupyterLab loads (webpack's module federation), without a build.
"use strict";
(() => {
  const SECONDS = 15;
  const shown = new Set();

  // a cookie alone is not enough for JupyterHub: any site's page could send that
  function xsrfToken() {
    const found = document.cookie.match(/\b_xsrf=([^;]*)/);
    return found ? found[1] : "";
  }

  async function look(app, url) {
    if (document.hidden) {
      return; // nobody reads it, and a page in the background should cost nothing
    }
    let notices;
    try {
      const answer = await fetch(url, { headers: { "X-XSRFToken": xsrfToken() } });
      if (!answer.ok) {
        return;
      }
      notices = await answer.json();
    } catch {
      return; // the server is away; JupyterLab says so itself
    }
    const current = new Set(notices.map((notice) => notice.id));
    for (const id of shown) {
      if (!current.has(id)) {
        shown.delete(id); // it may come again
      }
    }
    for (const { id, type, message } of notices) {
      if (!shown.has(id)) {
        shown.add(id);
        await app.commands.execute("apputils:notify", {
          message,
          type,
          options: { autoClose: false },
        });
      }
    }
  }

  const plugin = {
    id: "teamhub-notices:plugin",
    description: "Shows what the server has to say to the person who uses it.",
    autoStart: true,
    activate(app) {
      const url = `${app.serviceManager.serverSettings.baseUrl}api/teamhub/notices`;
      const lookNow = () => look(app, url);
      app.restored.then(lookNow);
      setInterval(lookNow, SECONDS * 1000);
      document.addEventListener("visibilitychange", lookNow);
    },
  };

  const container = {
    init() {},
    async get() {
      return () => ({ __esModule: true, default: plugin });
    },
  };
  window._JUPYTERLAB = Object.assign(window._JUPYTERLAB || {}, { "teamhub-notices": container });
})();
