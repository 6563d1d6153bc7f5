'use strict'

// A screen: it asks for a stream as any page would, and gives the source to an unmodified player. The driver looks at it and plays its
// viewer through `viewer`. What it is to play stands in the address, behind #.
const wish = JSON.parse(decodeURIComponent(location.hash.slice(1)))

// video.js may put another element into the page.
const video = () => document.querySelector('video')

const viewer = {
  stream: '',
  problem: '',
  look: () => ({
    at: performance.timeOrigin + performance.now(),
    position: video().currentTime,
    height: video().videoHeight,
    hidden: document.hidden,
    over: video().ended,
    stream: viewer.stream,
    problem: viewer.problem,
  }),
  seek (to) { video().currentTime = to },
  pause () { video().pause() },
  play () { video().play() },
  // Shows the end of the film.
  finish () { video().currentTime = video().duration - 2 },
}

const script = path => new Promise((resolve, reject) => {
  document.head.append(Object.assign(document.createElement('script'), { src: 'node_modules/' + path, onload: resolve, onerror: reject }))
})

// What a player is given beside its defaults: nothing, or where to report.
const settings = player => wish.cmcd ? reporting[player](wish.cmcd, wish.interval) : {}

// Each gives the source to a player, and says when the player has given up.
const players = {
  async 'hls.js' (source) {
    await script('hls.js/dist/hls.min.js')
    const hls = new Hls(settings('hls.js'))
    hls.on(Hls.Events.ERROR, (_, data) => data.fatal && failed(data.details))
    hls.loadSource(source)
    hls.attachMedia(video())
  },
  async 'dash.js' (source) {
    await script('dashjs/dist/modern/umd/dash.all.min.js')
    const player = dashjs.MediaPlayer().create()
    player.updateSettings(settings('dash.js'))
    player.initialize(video(), source, true)
    player.on('error', event => failed(event.error.message))
  },
  async 'Shaka' (source, build = 'compiled') {
    await script(`shaka-player/dist/shaka-player.${build}.js`)
    const player = new shaka.Player()
    player.configure(settings('Shaka'))
    player.addEventListener('error', event => failed('error ' + event.detail.code))
    await player.attach(video())
    player.load(source).catch(error => failed('error ' + error.code))
  },
  'Shaka, debug build': source => players['Shaka'](source, 'compiled.debug'),
  async 'video.js' (source) {
    await script('video.js/dist/video.min.js')
    const player = videojs(video())
    player.on('error', () => failed(player.error().message))
    player.src({ src: source, type: source.endsWith('.mpd') ? 'application/dash+xml' : 'application/vnd.apple.mpegurl' })
  },
  async 'Chromium' (source) {
    video().onerror = () => failed(video().error.message)
    video().src = source
  },
}

const seconds = n => new Promise(resolve => setTimeout(resolve, 1000 * n))

// Whoever is refused tries again.
async function watch () {
  if (wish.source) return players[wish.player](wish.source)
  for (;;) {
    const answer = await fetch(`/content/${wish.content}/play?player=${wish.id}`, { headers: { Authorization: 'Bearer ' + wish.token } })
    const body = await answer.json()
    if (answer.ok) {
      viewer.stream = body.stream.id
      viewer.problem = ''
      return players[wish.player](body.source)
    }
    viewer.problem = body.code
    await seconds(1)
  }
}

// A stubborn viewer loads the page again when the player has given up.
async function failed (why) {
  viewer.problem = String(why)
  if (wish.stubborn) {
    await seconds(2)
    location.reload()
  }
}

watch().catch(failed)
