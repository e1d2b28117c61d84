document.querySelector("[data-toast]").addEventListener("click", () => window.scrm.toast({ text: "已给 3 位客户加上「亲子游」", undo: "/palette" }))
