// One screen: the stream that holds its place, and the video element that shows it.
import { account, call, tokenNow } from './api.js';
import { attach } from './engine.js';
import { Store } from './store.js';
import { watching } from './watching.js';

// pauseKeeps is how long a paused film keeps its place, in seconds. Then somebody else may have it.
const pauseKeeps = 60;

// Playback plays a content. Its state is what the page shows:
//
//	starting                        asking for a place
//	playing     {troubled}          it has one; troubled says that the service can't be reached
//	refused     {streams, limit}    all places are taken
//	held        {until, why}        no new stream starts before that time, in milliseconds
//	ended       {reason, by}        this stream was ended, by that device
//	failed      {problem}           it can't be played
//	rested                          it was paused for so long that its place was given up
//	over                            the film has ended
export class Playback {
  state = new Store({ phase: 'starting' });

  #content;
  #video;
  #player;
  #stream = null;
  #detach = null;
  #timer = null;
  #clock;
  #closed = false;
  #pausedAt = 0;
  #lastBeat = 0;
  #ends = [];
  #attempt = 0;

  constructor(content, video, player) {
    this.#content = content;
    this.#video = video;
    this.#player = player;
    this.#clock = new Worker(document.body.dataset.clock, { type: 'module' });
    this.#clock.onmessage = () => this.#tick();
    const on = (target, event, listener) => {
      target.addEventListener(event, listener);
      this.#ends.push(() => target.removeEventListener(event, listener));
    };
    on(window, 'pagehide', () => this.#leave());
    on(window, 'pageshow', ({ persisted }) => persisted && this.start());
    on(window, 'online', () => this.#beat());
    on(video, 'play', () => { this.#pausedAt = 0; });
    on(video, 'pause', () => { this.#pausedAt ||= Date.now(); });
    on(video, 'ended', () => this.#finish());
    // Another device may have ended this stream: what is told to all of them is faster than our next heartbeat.
    this.#ends.push(watching.watch((seen) => {
      if (seen && this.#stream && !seen.streams.some(({ id }) => id === this.#stream.id)) this.#beat();
    }));
  }

  // streamId is the id of the stream that plays here, if there is one.
  get streamId() {
    return this.#stream?.id;
  }

  // start asks for a place, in place of another stream if one is named.
  async start(replace) {
    clearTimeout(this.#timer);
    this.#stop();
    const attempt = ++this.#attempt;
    if (this.state.value.phase !== 'refused') this.state.set({ phase: 'starting' });
    // A repeated request after a lost answer is the same start.
    const headers = { 'Idempotency-Key': randomId() };
    const body = { content: this.#content.id, player: this.#player, ...(replace && { replace }) };
    for (let wait = 1; attempt === this.#attempt && !this.#closed; wait = Math.min(2 * wait, 8)) {
      try {
        const started = await call('POST', '/streams', { headers, body });
        if (attempt !== this.#attempt || this.#closed) this.#goodbye(started.stream.id);
        else await this.#begin(started);
        return;
      } catch (problem) {
        if (attempt !== this.#attempt || this.#closed) return;
        if (problem.status !== 0) return this.#refuse(problem, replace);
        this.state.set({ phase: 'held', why: 'offline', until: Date.now() + wait * 1000 });
        await new Promise((resolve) => { this.#timer = setTimeout(resolve, wait * 1000); });
      }
    }
  }

  #refuse(problem, replace) {
    if (problem.code === 'stream_limit_reached') {
      this.state.set({ phase: 'refused', streams: problem.streams, limit: problem.limit });
    } else if (problem.status === 503 || problem.status === 429) {
      const until = Date.now() + Math.max(1, problem.retryAfter) * 1000;
      this.state.set({ phase: 'held', why: problem.code, until });
      this.#timer = setTimeout(() => this.start(replace), until - Date.now());
    } else if (problem.status === 404 && replace) {
      this.start(); // what was to be replaced has gone by itself
    } else if (problem.status !== 401) { // else the page shows the sign-in
      this.state.set({ phase: 'failed', problem });
    }
  }

  async #begin({ source, stream }) {
    this.#stream = stream;
    this.#lastBeat = Date.now();
    this.#pausedAt = Date.now(); // until it plays, which a browser may leave to the person
    this.state.set({ phase: 'playing', troubled: false });
    this.#clock.postMessage(stream.heartbeatInterval);
    await this.#play(source, this.#remembered());
  }

  async #play(source, position) {
    const mine = this.#stream;
    let failedAlready = false;
    const failed = async (again) => {
      if (mine !== this.#stream || failedAlready) return;
      failedAlready = true;
      if (!again) return this.#fail({ code: 'media_unplayable', detail: '' });
      const at = this.#video.currentTime || position;
      // The heartbeat's answer says whether it is us who are refused, or whether the line is down.
      await this.#beat();
      this.#timer = setTimeout(() => {
        if (mine !== this.#stream) return;
        this.#tries = at > position ? 0 : this.#tries + 1;
        if (this.#tries > 8) return this.#fail({ code: 'media_unavailable', detail: '' });
        this.#detach?.();
        this.#play(source, at);
      }, 1500);
    };
    let detach;
    try {
      detach = await attach(this.#video, source, position, failed);
    } catch {
      return failed(true); // the player itself couldn't be fetched
    }
    if (mine !== this.#stream) return detach();
    this.#detach = detach;
    try {
      await this.#video.play();
    } catch {
      // The browser wants the person to press the button, or the source is on its way out.
    }
  }

  #tries = 0;

  #fail(problem) {
    this.#leave();
    this.state.set({ phase: 'failed', problem });
  }

  // rests reports whether the film has been paused for long.
  #rests() {
    return this.#pausedAt > 0 && Date.now() - this.#pausedAt > pauseKeeps * 1000;
  }

  // What was fetched already would hold the place for as long as it plays.
  #rest() {
    this.#leave();
    this.state.set({ phase: 'rested' });
  }

  // tick is called all the time while there is a stream.
  #tick() {
    this.#remember();
    if (this.#rests()) this.#rest();
    else this.#beat();
  }

  // beat renews the stream, and acts on what became of it.
  async #beat() {
    const stream = this.#stream;
    if (!stream || this.#beating) return;
    this.#beating = true;
    try {
      await call('POST', `/streams/${stream.id}/heartbeat`, { body: { ticket: stream.ticket } });
      if (stream !== this.#stream) return;
      this.#lastBeat = Date.now();
      this.state.set({ phase: 'playing', troubled: false });
    } catch (problem) {
      if (stream !== this.#stream) return;
      this.#lost(problem);
    } finally {
      this.#beating = false;
    }
  }

  #beating = false;

  #lost(problem) {
    switch (problem.status) {
      case 410:
        this.#stop();
        this.state.set({ phase: 'ended', reason: problem.reason, by: problem.by });
        break;
      case 403:
        this.#stop();
        this.#refuse(problem);
        break;
      case 404: // so long ago that nobody remembers
        this.start();
        break;
      case 401:
        this.#stop();
        this.state.set({ phase: 'ended', reason: 'session_ended', by: '' });
        break;
      default:
        this.state.set({ phase: 'playing', troubled: Date.now() - this.#lastBeat > 2000 * this.#stream.heartbeatInterval });
    }
  }

  #finish() {
    forgetPosition(this.#content.id);
    this.#leave();
    this.state.set({ phase: 'over' });
  }

  // stop takes the picture away; the stream may live on.
  #stop() {
    this.#remember();
    this.#stream = null;
    this.#clock.postMessage(0);
    clearTimeout(this.#timer);
    this.#detach?.();
    this.#detach = null;
  }

  // leave frees the place at once, also from a page that goes away.
  #leave() {
    const stream = this.#stream;
    this.#attempt++;
    this.#stop();
    if (stream) this.#goodbye(stream.id);
  }

  #goodbye(id) {
    const headers = { Authorization: `Bearer ${tokenNow()}` };
    fetch(`/streams/${id}`, { method: 'DELETE', keepalive: true, headers }).catch(() => {});
  }

  close() {
    this.#closed = true;
    this.#leave();
    for (const end of this.#ends) end();
    this.#clock.terminate();
  }

  #remember() {
    const { currentTime, duration } = this.#video;
    if (!this.#stream || this.#content.type !== 'vod' || !(currentTime > 5)) return;
    if (duration - currentTime < 10) forgetPosition(this.#content.id);
    else keepPosition(this.#content.id, currentTime);
  }

  #remembered() {
    return this.#content.type === 'vod' ? positionOf(this.#content.id) : 0;
  }
}

// Where a person left a film, on this device.

const positionKey = (content) => `position ${account.value?.id} ${content}`;

function keepPosition(content, seconds) {
  try {
    localStorage.setItem(positionKey(content), String(Math.floor(seconds)));
  } catch {
    // A full or forbidden storage costs no more than the position.
  }
}

function forgetPosition(content) {
  try {
    localStorage.removeItem(positionKey(content));
  } catch {
    // As above.
  }
}

// positionOf returns where a film was left, in seconds, or 0.
export function positionOf(content) {
  try {
    return Number(localStorage.getItem(positionKey(content))) || 0;
  } catch {
    return 0;
  }
}

function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// playerId returns this tab's id, which it keeps over a reload, so that a reload never counts twice. A tab that was duplicated has the
// id of the other one, which holds a lock on it, and takes another.
let player;
export function playerId() {
  player ??= (async () => {
    for (let id = stored() ?? randomId(), tries = 0; ; tries++) {
      if (await hold(id)) {
        try {
          sessionStorage.setItem('player', id);
        } catch {
          // Then a reload is another player, whose earlier stream lapses.
        }
        return id;
      }
      // The page before a reload lets go a moment later.
      if (tries < 3) await new Promise((resolve) => setTimeout(resolve, 100));
      else id = randomId();
    }
  })();
  return player;
}

function stored() {
  try {
    return sessionStorage.getItem('player');
  } catch {
    return null;
  }
}

function hold(id) {
  if (!navigator.locks) return true;
  return new Promise((resolve) => {
    navigator.locks.request(`streamgate player ${id}`, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock && new Promise(() => {}); // until the page goes
    });
  });
}
