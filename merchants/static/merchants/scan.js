// Reads a QR or bar code with the phone's camera where the browser can; typing always works.
const button = document.getElementById("use-camera");
const finder = document.getElementById("viewfinder");
const video = document.getElementById("camera");
const says = document.getElementById("camera-says");
const form = document.getElementById("code-form");
const can = "BarcodeDetector" in window && navigator.mediaDevices?.getUserMedia;

function stop() {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

async function look(detector) {
  if (!video.srcObject) return;
  const found = await detector.detect(video).catch(() => []);
  if (found.length) {
    stop();
    form.elements.code.value = found[0].rawValue.slice(0, 40);
    form.requestSubmit();
    return;
  }
  setTimeout(look, 200, detector);
}

async function start() {
  finder.hidden = false;
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    await video.play();
  } catch (error) {
    says.textContent = error.name === "NotAllowedError" ? says.dataset.denied : says.dataset.none;
    return;
  }
  button.hidden = true;
  look(new window.BarcodeDetector({ formats: ["qr_code", "code_128"] }));
}

if (can && button) {
  button.hidden = false;
  button.addEventListener("click", start);
  window.addEventListener("pagehide", stop);
}
