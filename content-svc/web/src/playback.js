// One screen: the stream that holds its place, and the video element that shows it.
import { Place, randomId } from 'streamgate-client';
import { account, session } from './api.js';
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
  #place;
  #worker;
  #stream = null; // whose picture is shown
  #detach = null;
  #timer = null;
  #pausedAt = 0;
  #ends = [];
  #tries = 0;

  constructor(content, video, player) {
    this.#content = content;
    this.#video = video;
    this.#worker = new Worker(document.body.dataset.clock, { type: 'module' });
    this.#place = new Place(session, { content: content.id, player, changed: (state) => this.#became(state), clock: (...every) => this.#clock(...every) });
    const on = (target, event, listener) => {
      target.addEventListener(event, listener);
      this.#ends.push(() => target.removeEventListener(event, listener));
    };
    on(window, 'pagehide', () => this.#place.leave());
    on(window, 'pageshow', ({ persisted }) => persisted && this.start());
    on(window, 'online', () => this.#place.beat());
    on(video, 'play', () => { this.#pausedAt = 0; });
    on(video, 'pause', () => { this.#pausedAt ||= Date.now(); });
    on(video, 'ended', () => this.#finish());
    // Another device may have ended this stream: what is told to all of them is faster than our next heartbeat.
    this.#ends.push(watching.watch((seen) => {
      if (seen && this.streamId && !seen.streams.some(({ id }) => id === this.streamId)) this.#place.beat();
    }));
  }

  // streamId is the id of the stream that plays here, if there is one.
  get streamId() {
    return this.#place.stream?.id;
  }

  // start asks for a place, in place of another stream if one is named.
  start(replace) {
    return this.#place.start(replace);
  }

  // clock ticks in a worker, which browsers don't slow down.
  #clock(seconds, beat) {
    this.#worker.onmessage = () => {
      this.#remember();
      if (this.#rests()) this.#rest();
      else beat();
    };
    this.#worker.postMessage(seconds);
    return () => this.#worker.postMessage(0);
  }

  // became is told what became of the place.
  #became(state) {
    if (state.phase === 'left') {
      this.#stop();
      return;
    }
    if (state.phase !== 'playing') {
      this.#stop();
    } else if (state.stream !== this.#stream) {
      this.#stop();
      this.#begin(state);
    }
    this.state.set(state);
  }

  #begin({ source, stream }) {
    this.#stream = stream;
    this.#pausedAt = Date.now(); // until it plays, which a browser may leave to the person
    this.#play(source, this.#remembered());
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
      await this.#place.beat();
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

  #fail(problem) {
    this.#place.leave();
    this.state.set({ phase: 'failed', problem });
  }

  // rests reports whether the film has been paused for long.
  #rests() {
    return this.#pausedAt > 0 && Date.now() - this.#pausedAt > pauseKeeps * 1000;
  }

  // What was fetched already would hold the place for as long as it plays.
  #rest() {
    this.#place.leave();
    this.state.set({ phase: 'rested' });
  }

  #finish() {
    this.#place.leave();
    forgetPosition(this.#content.id);
    this.state.set({ phase: 'over' });
  }

  // stop takes the picture away.
  #stop() {
    this.#remember();
    this.#stream = null;
    clearTimeout(this.#timer);
    this.#detach?.();
    this.#detach = null;
  }

  close() {
    this.#place.leave();
    for (const end of this.#ends) end();
    this.#worker.terminate();
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
