// Put the interactive lesson in the place of its picture, which stays where scripts don't run.
// A picture that is a link, as on the front page, becomes the lesson's main part alone.
{
  const lesson = new URL("../lesson/index.html", document.currentScript.src);

  const put = (picture) => {
    const frame = document.createElement("iframe");
    const address = new URL(lesson.pathname, lesson);
    if (picture.closest("a")) address.search = "?part=draw";
    frame.src = address.href;
    frame.title = "Interactive lesson: gradients through random draws";
    frame.style.cssText = "width: 100%; height: 60rem; border: 0";
    (picture.closest("a") ?? picture).replaceWith(frame);
    addEventListener("message", ({ source, data }) => {
      if (source === frame.contentWindow && data?.lessonHeight)
        frame.style.height = `${data.lessonHeight}px`;
    });
    const paint = () => frame.contentWindow.postMessage({ theme: document.body.dataset.theme }, "*");
    frame.addEventListener("load", paint);
    new MutationObserver(paint).observe(document.body, { attributeFilter: ["data-theme"] });
  };

  addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll('img[src$="/lesson.svg"]').forEach(put));
}
