// What plays a source in a video element: hls.js and dash.js where they are needed, the browser itself else.

const kinds = [
  [/\.m3u8$/i, hls],
  [/\.mpd$/i, dash],
];

// attach plays a source from a position in seconds. It calls failed when the source can't be fetched or played, with whether trying
// again can help; the engine has stopped by then. The function that it returns takes the source away.
export async function attach(video, source, position, failed) {
  const path = new URL(source, location.href).pathname;
  const [, engine] = kinds.find(([ending]) => ending.test(path)) ?? [null, native];
  return engine(video, source, position, failed);
}

function native(video, source, position, failed) {
  const onError = () => failed(video.error?.code !== MediaError.MEDIA_ERR_DECODE);
  video.addEventListener('error', onError);
  const seek = () => {
    if (position > 0 && position < video.duration - 1) video.currentTime = position;
  };
  video.addEventListener('loadedmetadata', seek, { once: true });
  video.src = source;
  return () => {
    video.removeEventListener('error', onError);
    video.removeEventListener('loadedmetadata', seek);
    empty(video);
  };
}

// empty lets go of the connection, too, which a video element keeps.
function empty(video) {
  video.removeAttribute('src');
  video.load();
}

async function hls(video, source, position, failed) {
  const { default: Hls } = await import('hls.js');
  // Chromium plays HLS itself by now, and not all of it. Only where a browser has ManagedMediaSource is its own player as good.
  if (!Hls.isSupported() && 'ManagedMediaSource' in window) return native(video, source, position, failed);
  if (!Hls.isSupported()) {
    failed(false);
    return () => {};
  }
  const player = new Hls({ workerPath: document.body.dataset.hls, startPosition: position > 0 ? position : -1 });
  let recovered = false;
  player.on(Hls.Events.ERROR, (_, { fatal, type }) => {
    if (!fatal) return;
    if (type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
      recovered = true;
      player.recoverMediaError();
      return;
    }
    failed(type === Hls.ErrorTypes.NETWORK_ERROR);
  });
  player.loadSource(source);
  player.attachMedia(video);
  return () => {
    player.destroy();
    empty(video);
  };
}

async function dash(video, source, position, failed) {
  const { MediaPlayer } = await import('dashjs');
  const player = MediaPlayer().create();
  player.updateSettings({ debug: { logLevel: 0 } });
  player.on('error', () => failed(true));
  player.initialize(video, source, false, position > 0 ? position : NaN);
  return () => {
    player.destroy();
    empty(video);
  };
}
