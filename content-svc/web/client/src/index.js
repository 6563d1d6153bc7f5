export { Problem } from './problem.js';
export { basic, Session } from './session.js';
export { Place, randomId } from './place.js';
export { watch } from './watch.js';
