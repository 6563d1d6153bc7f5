// A clock in a worker: browsers slow the timers of a hidden page down to one tick a minute, which is longer than a lease.
let timer;
self.onmessage = ({ data: seconds }) => {
  clearInterval(timer);
  if (seconds > 0) timer = setInterval(() => self.postMessage(null), seconds * 1000);
};
