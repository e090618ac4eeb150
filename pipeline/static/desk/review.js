/* Keys of the review queue. Everything also works by its button: without this file, only the keys are missing. */
document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing) {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) typing.form?.requestSubmit();
        if (event.key === "Escape") typing.blur();
        return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { j: "next", k: "prev" }[event.key];
    const link = step && document.querySelector(`#review a[rel="${step}"]`);
    if (link) return link.click();
    const found = /^[aerx]$/.test(event.key) && document.querySelector(`#review [data-key="${event.key}"]`);
    if (!found) return;
    event.preventDefault();
    if (found.tagName === "FORM") return found.requestSubmit();
    found.open = true;
    found.querySelector("textarea").focus();
});
/* A second press while the first is under way would decide about the next draft unseen. */
document.querySelectorAll("#review form").forEach((form) => {
    form.addEventListener("submit", (event) => {
        if (form.dataset.sent) event.preventDefault();
        form.dataset.sent = "1";
    });
});
