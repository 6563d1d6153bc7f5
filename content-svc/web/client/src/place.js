// Place is a player's place among the streams of the account. It asks for one, keeps it by heartbeats, and says what became of it:
//
//	{phase: 'starting'}                        asking
//	{phase: 'playing', source, stream,         it has one, and source is the address of the video; troubled says that the service can't be
//	   troubled}                               reached
//	{phase: 'refused', streams, limit}         all places are taken; start(streams[0].id) takes that one over
//	{phase: 'held', until, why}                no new stream starts before that time, in milliseconds; it is tried again then
//	{phase: 'ended', reason, by}               the stream was ended for good, by that device
//	{phase: 'failed', problem}                 it can't be played
//	{phase: 'left'}                            leave() was called
//
// Options:
//
//	content   what is to be played, 24 hex digits
//	player    an id that the player keeps over a reload, so that a reload doesn't count twice
//	device    a name to show
//	changed   told of each state
//	clock     (seconds, tick) => calls tick every so often, until the function that it returns is called. Pages pass one that a Worker
//	          drives: browsers slow the timers of a hidden page down to one tick a minute
export class Place {
  state = { phase: 'left' };

  #session;
  #options;
  #changed;
  #clock;
  #stream = null;
  #source = '';
  #attempt = 0;
  #timer;
  #lastBeat = 0;
  #beating = false;
  #stopClock = () => {};

  constructor(session, { content, player, device, changed = () => {}, clock = every }) {
    this.#session = session;
    this.#options = { content, ...(player && { player }), ...(device && { device }) };
    this.#changed = changed;
    this.#clock = clock;
  }

  // stream is the one that holds the place, or null.
  get stream() {
    return this.#stream;
  }

  #set(state) {
    this.state = state;
    this.#changed(state);
  }

  // start asks for a place, in place of another stream if one is named.
  async start(replace) {
    this.#lose();
    const attempt = ++this.#attempt;
    if (this.state.phase !== 'refused') this.#set({ phase: 'starting' });
    // A repeated request after a lost answer is the same start.
    const headers = { 'Idempotency-Key': randomId() };
    const body = { ...this.#options, ...(replace && { replace }) };
    for (let wait = 1; attempt === this.#attempt; wait = Math.min(2 * wait, 8)) {
      try {
        const started = await this.#session.call('POST', '/streams', { headers, body });
        if (attempt === this.#attempt) this.#begin(started);
        else this.#goodbye(started.stream.id);
        return;
      } catch (problem) {
        if (attempt !== this.#attempt) return;
        if (problem.status !== 0) return this.#refuse(problem, replace);
        this.#set({ phase: 'held', why: 'offline', until: Date.now() + wait * 1000 });
        await new Promise((resolve) => { this.#timer = setTimeout(resolve, wait * 1000); });
      }
    }
  }

  #begin({ source, stream }) {
    this.#stream = stream;
    this.#source = source;
    this.#lastBeat = Date.now();
    this.#stopClock = this.#clock(stream.heartbeatInterval, () => this.beat());
    this.#plays(false);
  }

  #plays(troubled) {
    this.#set({ phase: 'playing', source: this.#source, stream: this.#stream, troubled });
  }

  #refuse(problem, replace) {
    if (problem.code === 'stream_limit_reached') {
      this.#set({ phase: 'refused', streams: problem.streams, limit: problem.limit });
    } else if (problem.status === 503 || problem.status === 429) {
      const until = Date.now() + Math.max(1, problem.retryAfter) * 1000;
      this.#set({ phase: 'held', why: problem.code, until });
      this.#timer = setTimeout(() => this.start(replace), until - Date.now());
    } else if (problem.status === 404 && replace) {
      this.start(); // what was to be replaced has gone by itself
    } else if (problem.status === 401) {
      this.#set({ phase: 'ended', reason: 'session_ended', by: '' });
    } else {
      this.#set({ phase: 'failed', problem });
    }
  }

  // beat renews the stream, and acts on what became of it.
  async beat() {
    const stream = this.#stream;
    if (!stream || this.#beating) return;
    this.#beating = true;
    try {
      await this.#session.call('POST', `/streams/${stream.id}/heartbeat`, { body: { ticket: stream.ticket } });
      if (stream !== this.#stream) return;
      this.#lastBeat = Date.now();
      this.#plays(false);
    } catch (problem) {
      if (stream === this.#stream) this.#miss(problem);
    } finally {
      this.#beating = false;
    }
  }

  #miss(problem) {
    switch (problem.status) {
      case 410:
        this.#lose();
        this.#set({ phase: 'ended', reason: problem.reason, by: problem.by });
        break;
      case 401:
      case 403:
        this.#lose();
        this.#refuse(problem);
        break;
      case 404: // so long ago that nobody remembers
        this.start();
        break;
      default:
        this.#plays(Date.now() - this.#lastBeat > 2000 * this.#stream.heartbeatInterval);
    }
  }

  // lose lets go of the stream, which may live on.
  #lose() {
    this.#stream = null;
    this.#stopClock();
    this.#stopClock = () => {};
    clearTimeout(this.#timer);
  }

  // leave frees the place at once, also from a page that goes away.
  leave() {
    const stream = this.#stream;
    this.#attempt++;
    this.#lose();
    if (stream) this.#goodbye(stream.id);
    this.#set({ phase: 'left' });
  }

  #goodbye(id) {
    this.#session.goodbye(`/streams/${id}`);
  }
}

function every(seconds, tick) {
  const timer = setInterval(tick, seconds * 1000);
  return () => clearInterval(timer);
}

// randomId returns 32 hex digits.
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
