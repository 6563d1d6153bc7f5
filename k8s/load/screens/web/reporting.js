'use strict'

// How each player is told to report to an address every so many seconds. charts/doors/players.md shows these.
const reporting = {
  'hls.js': (url, interval) => ({
    cmcd: { version: 2, includeKeys: [], eventTargets: [{ url, interval, events: ['t', 'ps', 'e'] }] },
  }),
  'dash.js': (url, interval) => ({
    streaming: {
      cmcd: {
        enabled: true, version: 2, enabledKeys: [],
        eventTargets: [{ enabled: true, url, interval, events: ['t', 'ps', 'e'], enabledKeys: ['e', 'sta', 'sn', 'ts', 'v'] }],
      },
    },
  }),
  'Shaka': (url, interval) => ({
    cmcd: {
      enabled: true, version: 2, includeKeys: ['v'],
      eventTargets: [{ enabled: true, mode: 'event', url, interval, events: ['t', 'ps', 'e'] }],
    },
  }),
}
