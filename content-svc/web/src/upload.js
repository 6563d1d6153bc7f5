// Uploads by the protocol tus: piece by piece, so that one goes on after a broken connection, and can wait.
import { Upload } from 'tus-js-client';
import { request, token } from './api.js';
import { Store } from './store.js';

const piece = 8 * 1024 * 1024; // bytes

// Transfer is an upload of a file. Its state is {sent, size, paused, done, problem}.
export class Transfer {
  #upload;

  constructor(file) {
    this.file = file;
    this.state = new Store({ sent: 0, size: file.size, paused: false, done: false, problem: null });
  }

  // run sends the file, and returns the upload's id when it is there.
  run() {
    return new Promise((resolve, reject) => {
      const show = (change) => this.state.set({ ...this.state.value, ...change });
      this.#upload = new Upload(this.file, {
        endpoint: new URL('/uploads', location.href).href,
        chunkSize: piece,
        retryDelays: [500, 1000, 2000, 4000, 8000, 8000, 8000],
        storeFingerprintForResuming: false, // a reload forgets which file it was
        // Each piece has the token that is good then.
        onBeforeRequest: async (asked) => asked.setHeader('Authorization', `Bearer ${await token()}`),
        onShouldRetry: (error) => {
          const status = error.originalResponse?.getStatus() ?? 0;
          return status === 0 || status === 401 || status === 409 || status === 429 || status >= 500;
        },
        onProgress: (sent) => show({ sent }),
        onSuccess: () => {
          show({ sent: this.file.size, done: true });
          resolve(this.#upload.url.split('/').pop());
        },
        onError: (error) => {
          const problem = explained(error);
          show({ problem });
          reject(problem);
        },
      });
      this.#upload.start();
    });
  }

  pause() {
    this.#upload.abort();
    this.state.set({ ...this.state.value, paused: true });
  }

  resume() {
    this.#upload.start();
    this.state.set({ ...this.state.value, paused: false });
  }

  // drop gives it up, and what was sent.
  drop() {
    const url = this.#upload?.url;
    this.#upload?.abort();
    if (url) request('DELETE', new URL(url, location.href).pathname).catch(() => {});
  }
}

// explained returns the problem document of an error, if it has one.
function explained(error) {
  try {
    return JSON.parse(error.originalResponse.getBody());
  } catch {
    return { code: error.originalResponse ? 'unknown' : 'offline', detail: '' };
  }
}
