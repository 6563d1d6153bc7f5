import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { closeBrowser, newAddress, openBrowser, password, Person } from './people.js';
import { admin, System, until } from './system.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = process.env.PICTURES; // a folder to which screenshots go
const system = new System();
const folder = mkdtempSync(join(tmpdir(), 'streamgate-films-'));
const film = join(folder, 'film.mp4');
const long = 'A Long Evening';
let desk; // of the administrator

const ffmpeg = (...args) => execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args], { cwd: folder });
// The cookie `device` opens nothing.
const secrets = async (person) => (await person.context.cookies()).filter(({ name }) => name !== 'device');
const seconds = (n) => new Promise((resolve) => { setTimeout(resolve, n * 1000); });

before(async () => {
  ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=480x270:rate=25,hue=s=0.6', '-f', 'lavfi', '-i', 'sine=220', '-t', '180', '-c:v', 'libx264', '-preset', 'ultrafast',
    '-crf', '40', '-pix_fmt', 'yuv420p', '-g', '50', '-c:a', 'aac', '-b:a', '32k', '-movflags', '+faststart', 'film.mp4');
  ffmpeg('-f', 'lavfi', '-i', 'mandelbrot=size=960x540:rate=25:start_scale=2.2:end_scale=0.4:end_pts=100,hue=h=200:s=0.6,vignette', '-frames:v', '1', '-q:v', '5', 'poster.jpg');
  await system.start();
  await openBrowser();
  desk = await Person.open(system.url);
  await desk.signIn(admin.email, admin.password);
  await upload(long, film, join(folder, 'poster.jpg'));
});

after(async () => {
  await closeBrowser();
  await system.close();
  rmSync(folder, { recursive: true, force: true });
});

// upload adds a film in the page of the catalogue.
async function upload(name, file, poster) {
  const { page } = desk;
  await page.goto(`${system.url}/#/catalogue`);
  await page.getByRole('button', { name: 'Add a film' }).click();
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Video').setInputFiles(file);
  if (poster) await page.getByLabel('Poster').setInputFiles(poster);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached', timeout: 60_000 });
}

// plays waits until a film goes on.
async function plays(person, page = person.page, what = 'a film plays') {
  const from = await person.position(page);
  await until(what, async () => (await person.position(page)) > Math.max(from, 0) + 0.5, 30);
}

// sound fails if axe-core finds a fault, or if anything is wider than the window.
async function sound(page, where) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  assert.deepEqual(found.violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => node.html).join(' ')}`), []);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${where} is ${wide} px wider than the window`);
}

async function picture(page, name) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

const streams = async (person) => {
  const rows = person.page.getByRole('region', { name: 'Watching now' }).getByRole('listitem');
  return rows.count();
};

describe('four screens on one account', () => {
  const people = [];
  const devices = [
    'Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:152.0) Gecko/20100101 Firefox/152.0',
    'Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36',
  ];
  after(() => Promise.all(people.map((person) => person.close())));

  test('three play beyond a lease, the fourth is refused and takes over', async () => {
    const email = newAddress();
    for (let i = 0; i < 4; i++) {
      const person = await Person.open(system.url, { userAgent: devices[i] });
      people.push(person);
      if (i) await person.signIn(email);
      else await person.join(email);
      if (i < 3) {
        await person.watch(long);
        await plays(person);
      }
    }
    const began = await Promise.all(people.slice(0, 3).map((person) => person.position()));
    await seconds(25); // a lease of ten seconds, and fifteen more
    for (const [i, person] of people.slice(0, 3).entries()) {
      const advanced = await person.position() - began[i];
      assert.ok(advanced > 15, `screen ${i} played ${advanced} s`);
    }

    const [first, , , fourth] = people;
    await fourth.watch(long);
    const dialog = fourth.page.getByRole('dialog', { name: 'All 3 places are taken' });
    await dialog.waitFor();
    assert.equal(await fourth.page.evaluate(() => document.activeElement.textContent), 'All 3 places are taken');
    assert.equal(await dialog.getByRole('listitem').count(), 3);
    await sound(fourth.page, 'refusal');
    await picture(fourth.page, 'refused');
    await dialog.getByRole('button', { name: /^Play here instead of/ }).first().click();
    await plays(fourth);
    assert.equal(await dialog.count(), 0);

    const notice = first.page.getByRole('alert').filter({ hasText: 'Playback has stopped here' });
    await notice.waitFor();
    assert.match(await notice.textContent(), /Chrome on Linux took this place over/);
    assert.equal(await first.page.evaluate(() => document.activeElement.textContent), 'Play here again');
    await sound(first.page, 'notice');
    await picture(first.page, 'ended');
    await until('three are listed', async () => (await streams(fourth)) === 3);

    const visitor = await Person.open(system.url);
    people.push(visitor);
    await visitor.signIn(email);
    await visitor.page.getByText('3 of 3 places in use').waitFor();
    await sound(visitor.page, 'films, three of which play');
    await picture(visitor.page, 'films');
    await desk.page.goto(`${system.url}/#/house`);
    await desk.page.getByText('All places taken').waitFor();
    await sound(desk.page, 'house');
    await until('the streams are counted', async () => (await desk.page.locator('.figure dd').first().textContent()) === '3');
    await picture(desk.page, 'house');
  });

  test('one is ended from another screen, and comes back', async () => {
    const [first, second, third, fourth] = people;
    await fourth.page.getByRole('button', { name: /^End A Long Evening/ }).first().click();
    await until('one of the others shows it', async () => {
      const shown = await Promise.all([second, third].map(({ page }) => page.getByText('Chrome on Linux ended this film.').count()));
      return shown.includes(1);
    });
    await first.page.getByRole('button', { name: 'Play here again' }).click();
    await plays(first);
  });

  test('the house counts what plays now', async () => {
    const playing = () => desk.page.locator('.figure dd').first().textContent();
    await until('three play', async () => (await playing()) === '3');
    await people[4].page.getByRole('button', { name: /^End / }).first().click();
    await until('two play', async () => (await playing()) === '2', 10);
  });

  test('nothing went wrong in the pages', () => {
    assert.deepEqual(people.flatMap(({ faults }) => faults), []);
  });
});

describe('one screen', () => {
  let person;
  before(async () => { person = await (await Person.open(system.url)).join(); });
  after(() => person.close());

  test('a reload counts once, and goes on where it was', async () => {
    await person.watch(long);
    await plays(person);
    await person.page.evaluate(() => { document.querySelector('video').currentTime = 60; });
    await until('the position is kept', () => person.page.evaluate(() => Object.keys(localStorage).some((key) => key.startsWith('position'))));
    for (let i = 0; i < 3; i++) {
      await person.page.reload();
      await plays(person);
    }
    assert.ok(await person.position() > 55);
    await until('one is listed', async () => (await streams(person)) === 1);
  });

  test('back frees the place, forward takes it again', async () => {
    await person.page.goBack();
    await person.page.getByText('Nobody is watching').waitFor();
    await person.page.goForward();
    await plays(person);
    await until('one is listed', async () => (await streams(person)) === 1);
  });

  test('a tab that is closed frees its place', async () => {
    const tab = await person.tab();
    await tab.goto(`${system.url}/`);
    await person.watch('The Test Card', tab);
    await until('two are listed', async () => (await streams(person)) === 2);
    await tab.close({ runBeforeUnload: true });
    await until('one is listed', async () => (await streams(person)) === 1, 9);
  });

  test('a film that is paused for long gives its place up, and asks again', async () => {
    await person.watch(long);
    await plays(person);
    await person.page.evaluate(async () => {
      const video = document.querySelector('video');
      const paused = new Promise((resolve) => { video.addEventListener('pause', resolve, { once: true }); });
      video.pause();
      await paused;
      const now = Date.now;
      Date.now = () => now() + 61_000;
    });
    await person.page.getByText('Nobody is watching').waitFor();
    await sound(person.page, 'pause');
    await person.page.getByRole('button', { name: 'Go on watching' }).click();
    await plays(person);
    await until('one is listed', async () => (await streams(person)) === 1);
  });

  test('two tabs share one sign-in', async () => {
    const tab = await person.tab();
    await tab.goto(`${system.url}/#/devices`);
    await tab.getByText('This device').waitFor();
    assert.equal(await tab.getByRole('main').getByRole('listitem').count(), 1);
    await tab.goto(`${system.url}/#/account`);
    await tab.getByRole('button', { name: 'Sign out' }).click();
    await tab.getByRole('heading', { name: 'Sign in' }).waitFor();
    await person.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await tab.close();
  });

  test('scripts see no refresh token', async () => {
    await person.signIn(person.email);
    const [cookie] = await secrets(person);
    assert.deepEqual([cookie.name, cookie.httpOnly, cookie.secure, cookie.sameSite], ['__Host-refresh', true, true, 'Strict']);
    assert.equal(await person.page.evaluate(() => document.cookie), '');
    assert.equal(await person.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }).includes('eyJ')), false);
  });

  test('on plain http elsewhere nothing is kept, and everything works', async () => {
    const elsewhere = await Person.open(system.url.replace('127.0.0.1', 'streamgate.example'));
    await elsewhere.signIn(person.email);
    assert.deepEqual(await secrets(elsewhere), []);
    await elsewhere.watch(long);
    await plays(elsewhere);
    assert.deepEqual(elsewhere.faults, []);
    await elsewhere.close();
  });

  test('a device that is signed out elsewhere says so', async () => {
    const other = await Person.open(system.url);
    await other.signIn(person.email);
    await other.watch(long);
    await plays(other);
    await person.page.goto(`${system.url}/#/devices`);
    await person.page.getByRole('button', { name: 'Sign out all others' }).click();
    await person.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
    await other.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await other.page.getByText('This device was signed out').first().waitFor();
    assert.deepEqual(other.faults, []);
    await other.close();
  });

  test('nothing went wrong in the page', () => assert.deepEqual(person.faults, []));
});

describe('what breaks', () => {
  let person;
  before(async () => {
    person = await (await Person.open(system.url)).join();
    await person.watch(long);
    await plays(person);
  });
  after(() => person.close());

  const goesOn = async () => {
    await plays(person);
    await until('one is listed', async () => (await streams(person)) === 1);
    assert.equal(await person.page.locator('.cover').count(), 0);
  };

  test('session-svc is restarted', async () => {
    await system.stop('session-svc');
    await seconds(3);
    await system.startService('session-svc');
    await goesOn();
  });

  test('content-svc is restarted', async () => {
    await system.stop('content-svc');
    await system.startService('content-svc');
    await goesOn();
  });

  test('Redis is restarted with nothing in it, and new starts wait', async () => {
    await system.stop('redis', 'SIGKILL');
    await system.startRedis();
    const other = await Person.open(system.url);
    try {
      await other.signIn(person.email);
      await other.watch('The Test Card');
      await other.page.getByRole('timer').waitFor();
      await sound(other.page, 'countdown');
      await picture(other.page, 'held');
      await plays(other, other.page, 'a start that was held begins');
      assert.deepEqual(other.faults, []);
    } finally {
      await other.close();
    }
    await goesOn();
  });

  test('the network is away for a while', async () => {
    await person.context.setOffline(true);
    await person.page.getByText('The connection is disturbed').waitFor({ timeout: 30_000 });
    await person.context.setOffline(false);
    await goesOn();
  });

  test('nothing went wrong in the page', () => assert.deepEqual(person.faults, []));
});

// Six minutes are for a person who waits for them: SLOW=yes make test-browser.
test('a hidden tab keeps its place for six minutes', { skip: !process.env.SLOW }, async () => {
  const person = await (await Person.open(system.url)).join();
  await person.watch(long);
  await plays(person);
  await person.page.evaluate(() => { document.querySelector('video').loop = true; });
  const other = await person.tab();
  await other.goto(`${system.url}/`);
  await other.bringToFront();
  for (let minute = 0; minute < 6; minute++) {
    await seconds(60);
    assert.equal(await other.getByText('1 of 3 places in use').count(), 1, `minute ${minute}`);
  }
  await person.page.bringToFront();
  await plays(person);
  await person.close();
});

describe('films in', () => {
  test('HLS as a tar plays by hls.js', async () => {
    mkdirSync(join(folder, 'hls'), { recursive: true });
    ffmpeg('-i', film, '-t', '30', '-c', 'copy', '-hls_time', '4', '-hls_playlist_type', 'vod', '-hls_segment_filename', 'hls/%d.ts', 'hls/index.m3u8');
    execFileSync('tar', ['-cf', 'hls.tar', '-C', 'hls', '.'], { cwd: folder });
    await upload('In Pieces', join(folder, 'hls.tar'));
    await desk.watch('In Pieces');
    await plays(desk);
    assert.match(await desk.page.evaluate(() => document.querySelector('video').currentSrc), /^blob:/);
  });

  test('DASH as a tar plays by dash.js', async () => {
    mkdirSync(join(folder, 'dash'), { recursive: true });
    ffmpeg('-i', film, '-t', '30', '-c', 'copy', '-f', 'dash', '-seg_duration', '4', 'dash/manifest.mpd');
    execFileSync('tar', ['-cf', 'dash.tar', '-C', 'dash', '.'], { cwd: folder });
    await upload('In Dashes', join(folder, 'dash.tar'));
    await desk.watch('In Dashes');
    await plays(desk);
    await desk.page.goto(`${system.url}/#/`);
  });

  test('who leaves an upload is asked, and what was there stays', async () => {
    const { page } = desk;
    const stop = page.getByRole('dialog', { name: 'Stop the upload?' });
    await beginUpload('Never Here');
    await page.keyboard.press('Escape');
    await stop.waitFor();
    await sound(page, 'stop the upload?');
    await stop.getByRole('button', { name: 'Go on uploading' }).click();
    await stop.waitFor({ state: 'detached' });
    await page.goBack();
    await stop.waitFor();
    for (let i = 0; i < 3; i++) await page.keyboard.press('Escape'); // Chromium closes a dialogue at the second one by itself
    const editor = page.locator('dialog').filter({ has: page.locator('progress') });
    await editor.waitFor();
    await until('the address is that of the page', () => page.url().endsWith('/#/catalogue'));
    await until('it is asked', async () => {
      if (await stop.count()) return true;
      await page.keyboard.press('Escape');
      return false;
    });
    await stop.getByRole('button', { name: 'Stop the upload' }).click();
    await editor.waitFor({ state: 'detached' });
    await page.unroute('**/uploads/*');
    await page.reload();
    await page.getByText(/\d entries/).waitFor();
    assert.equal(await page.getByText('Never Here').count(), 0);
  });

  test('a session that ends in the middle of an upload says so, and what was there stays', async () => {
    const { page } = desk;
    await beginUpload('Never Here Either');
    const other = await Person.open(system.url);
    await other.signIn(admin.email, admin.password);
    await other.page.goto(`${system.url}/#/devices`);
    await other.page.getByRole('button', { name: 'Sign out all others' }).click();
    await other.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: 60_000 });
    await page.getByText('This device was signed out').first().waitFor();
    await page.unroute('**/uploads/*');
    await other.close();
    await page.goto(`${system.url}/`);
    await desk.signIn(admin.email, admin.password);
    await page.goto(`${system.url}/#/catalogue`);
    await page.getByText(/\d entries/).waitFor();
    assert.equal(await page.getByText('Never Here Either').count(), 0);
  });

  test('what is no film is refused in words, and changes nothing', async () => {
    const { page } = desk;
    const bad = join(folder, 'bad.mp4');
    writeFileSync(bad, readFileSync(film).subarray(0, 100_000));
    await page.goto(`${system.url}/#/catalogue`);
    await page.getByRole('button', { name: `Edit ${long}` }).click();
    await page.getByLabel('Video').setInputFiles(bad);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText(/cut off/).waitFor();
    writeFileSync(bad, 'hello');
    await page.getByLabel('Video').setInputFiles(bad);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText(/neither a film/).waitFor();
    await sound(page, 'editor');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await desk.watch(long);
    await plays(desk);
    await page.goto(`${system.url}/#/`);
  });

  test('an upload pauses, and goes on after content-svc was restarted', async () => {
    const { page } = desk;
    await beginUpload('Large <script>alert(1)</script>');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused').waitFor();
    await system.stop('content-svc');
    await system.startService('content-svc');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached', timeout: 60_000 });
    await page.unroute('**/uploads/*');
    await page.getByText('Large <script>alert(1)</script>', { exact: true }).first().waitFor();
  });

  test('nothing went wrong in the pages', () => assert.deepEqual(desk.faults, []));
});

// beginUpload adds a film whose upload takes its time.
async function beginUpload(name) {
  const { page } = desk;
  const large = join(folder, 'large.mp4');
  writeFileSync(large, Buffer.concat([readFileSync(film), box('free', 40_000_000)]));
  await page.goto(`${system.url}/#/accounts`);
  await page.getByRole('link', { name: 'Catalogue' }).click();
  await page.getByRole('button', { name: 'Add a film' }).click();
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Video').setInputFiles(large);
  await page.route('**/uploads/*', async (route) => {
    await seconds(1);
    await route.continue().catch(() => {}); // it may have been given up
  });
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('progressbar').waitFor();
}

// box is an MP4 box of zeros.
function box(kind, size) {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32BE(size);
  bytes.write(kind, 4, 'latin1');
  return bytes;
}

describe('reports', () => {
  test('where there are none, the page says how they are turned on', async () => {
    const { page } = desk;
    await page.route('**/reports?*', (route) => route.fulfill({ status: 404, contentType: 'application/problem+json', body: '{"code":"not_found","detail":"x"}' }));
    await page.goto(`${system.url}/#/reports`);
    await page.getByText('REPORTS_MONGODB_URI').waitFor();
    await sound(page, 'reports, which are off');
    await page.unroute('**/reports?*');
    await page.goto(`${system.url}/#/`);
  });

  test('what was played is shown as charts, tables and files', async (t) => {
    if ((await fetch(`${system.url}/reports`)).status === 404) return t.skip('session-svc has no reports');
    const { page } = desk;
    const person = await (await Person.open(system.url)).join();
    await person.watch(long);
    await plays(person);
    await person.close();
    await page.goto(`${system.url}/#/reports`);
    await page.locator('.figure').first().waitFor({ timeout: 240_000 }); // a minute is known some time after its end
    await page.getByRole('region', { name: 'Device, Hours' }).waitFor({ timeout: 150_000 });
    await sound(page, 'reports');
    await picture(page, 'reports');

    const charts = page.locator('.charts section').filter({ has: page.getByRole('img') });
    assert.ok(await charts.count() >= 4);
    for (const chart of await charts.all()) {
      await chart.getByText('Show as a table').click();
      assert.ok(await chart.getByRole('rowheader').count() > 0, await chart.textContent());
    }
    await page.setViewportSize({ width: 320, height: 640 });
    await sound(page, 'reports, as tables');
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByLabel('With a limit of').selectOption('1');
    await page.getByText(/With a limit of 1, \d+% of the starts would have been refused: \d+ of \d+\./).waitFor();
    await page.getByLabel('Split by').selectOption('content');
    await page.getByRole('rowheader', { name: long }).first().waitFor();

    for (const [button, begins] of [['Download CSV', /^[a-z_]+(,[a-z0-9_]+)+\r?\n\d{4}-/], ['Download Parquet', /^PAR1/]]) {
      for (const nth of [0, 1]) { // of all, and of each title
        const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).nth(nth).click()]);
        assert.match(file.suggestedFilename(), /^reports-.*\.(csv|parquet)$/);
        assert.match(readFileSync(await file.path(), 'latin1'), begins);
      }
    }
    await page.getByLabel('Period').selectOption('week');
    await page.getByLabel('By the').selectOption('day');
    await page.getByRole('status').filter({ hasText: 'Complete until' }).waitFor();
    assert.deepEqual(desk.faults, []);
    await page.goto(`${system.url}/#/`);
  });
});

describe('the impatient', () => {
  let person;
  before(async () => { person = await (await Person.open(system.url)).join(); });
  after(() => person.close());

  test('a wrong password is said on the page', async () => {
    const { page } = await Person.open(system.url);
    await page.goto(`${system.url}/`);
    await page.getByLabel('E-mail address').fill(person.email);
    await page.getByLabel('Password').fill('not this one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('The e-mail address or the password is wrong.').waitFor();
    await sound(page, 'wrong password');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'What would you like to watch?' }).waitFor();
    await page.goto(`${system.url}/#/account`);
    await page.getByLabel('Present password').fill('not this one');
    await page.getByLabel('New password').fill('another horse');
    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.getByRole('alert').getByText('This is not your present password.').waitFor();
    await page.getByLabel('Present password').fill(password);
    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.getByText('The password is changed.').first().waitFor();
    await person.page.getByText('This device was signed out').first().waitFor();
    await page.context().close();
    await person.signIn(person.email, 'another horse');
  });

  test('a double click makes one account', async () => {
    const twice = await Person.open(system.url);
    await twice.page.goto(`${system.url}/#/join`);
    await twice.page.getByLabel('E-mail address').fill(newAddress());
    await twice.page.getByLabel('Password').fill(password);
    let asked = 0;
    twice.page.on('request', (request) => { asked += request.method() === 'POST' && request.url().endsWith('/users') ? 1 : 0; });
    // Both clicks come before the page is drawn again.
    await twice.page.getByRole('button', { name: 'Create account' }).evaluate((button) => { button.click(); button.click(); });
    await twice.page.getByRole('heading', { name: 'What would you like to watch?' }).waitFor();
    assert.equal(asked, 1);
    await twice.page.goto(`${system.url}/#/join`); // which is for those who are not signed in yet
    await twice.page.waitForURL(`${system.url}/#/`);
    await twice.page.getByRole('heading', { name: 'What would you like to watch?' }).waitFor();
    assert.deepEqual(twice.faults, []);
    await twice.close();
  });

  test('an account is deleted with its password, and its data are there before', async () => {
    const leaver = await (await Person.open(system.url)).join();
    const { page } = leaver;
    await page.goto(`${system.url}/#/account`);
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    assert.ok(JSON.stringify(JSON.parse(readFileSync(await file.path(), 'utf8'))).includes(leaver.email));
    await page.getByRole('button', { name: 'Delete the account' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Password').fill('not this one');
    await dialog.getByRole('button', { name: 'Delete for good' }).click();
    await dialog.getByRole('alert').getByText('This is not your present password.').waitFor();
    await sound(page, 'deletion');
    await dialog.getByLabel('Password').fill(password);
    await dialog.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByLabel('E-mail address').fill(leaver.email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('The e-mail address or the password is wrong.').waitFor();
    assert.deepEqual(leaver.faults, []);
    await leaver.close();
  });

  test('Back closes a dialogue, and leaves the page only then', async () => {
    const { page } = person;
    await page.goto(`${system.url}/#/devices`);
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Delete the account' }).click();
    await page.getByRole('dialog').waitFor();
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Your account');
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^Delete the account/);
    await page.getByRole('button', { name: 'Delete the account' }).click();
    await page.getByRole('dialog').waitFor();
    await page.evaluate(() => { location.hash = '#/nowhere'; }); // as an address that was typed
    await page.getByRole('heading', { name: 'There is nothing here.' }).waitFor();
    await page.goBack();
    await page.goBack();
    await page.getByRole('heading', { name: 'Your devices' }).waitFor();
  });

  test('who comes back from a film finds the search as it was', async () => {
    const { page } = person;
    await page.goto(`${system.url}/#/`);
    await page.setViewportSize({ width: 1280, height: 420 });
    const [answer] = await Promise.all([page.waitForResponse(/content\?q=a&/), page.getByLabel('Search films').fill('a')]);
    const count = Number(await answer.headerValue('X-Total-Count'));
    await until('what is found is shown', async () => (await page.locator('.film').count()) === count);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    const scrolled = await page.evaluate(() => scrollY);
    assert.ok(scrolled > 100);
    await page.locator('.film').last().evaluate((link) => link.click()); // a mouse of Playwright's scrolls
    await page.locator('video').waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'What would you like to watch?' }).waitFor();
    assert.equal(await page.getByLabel('Search films').inputValue(), 'a');
    await until('it is where it was', async () => Math.abs((await page.evaluate(() => scrollY)) - scrolled) < 60);
    assert.equal(await page.locator('.film').count(), count);
    await page.getByLabel('Search films').fill('');
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('what can\u2019t be loaded says so, and is tried again', async () => {
    const { page } = person;
    for (const [place, path, there] of [['', '**/content?*', '.film'], ['devices', '**/sessions', '.rows li']]) {
      await page.goto('about:blank');
      await page.route(path, (route) => route.abort());
      await page.goto(`${system.url}/#/${place}`);
      await page.getByRole('alert').getByText('There is no connection').waitFor();
      await sound(page, `${place}, which can't be loaded`);
      await page.unroute(path);
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.locator(there).first().waitFor();
      assert.equal(await page.getByText('There is no connection').count(), 0);
    }
  });

  test('support ends a film, and signs devices out', async () => {
    const { page } = desk;
    await person.watch(long);
    await plays(person);
    await page.goto(`${system.url}/#/accounts`);
    await page.getByLabel('Search by name or e-mail address').fill(person.email);
    await page.getByRole('button', { name: `Open ${person.email}` }).click();
    const dialog = page.getByRole('dialog', { name: person.email });
    await dialog.getByRole('button', { name: /^End A Long Evening/ }).click();
    await person.page.getByText('Support ended this film.').waitFor();
    await dialog.getByText('Nothing plays.').waitFor();
    await dialog.getByRole('button', { name: 'Sign out all devices' }).click();
    await sound(page, 'sign out all devices');
    await page.getByRole('dialog', { name: 'Sign out all devices' }).getByRole('button', { name: 'Sign out' }).click();
    await person.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await dialog.getByText('No device is signed in.').waitFor();
    await page.keyboard.press('Escape');
    await person.signIn(person.email, 'another horse');
  });

  test('an administrator sets how long a pause holds the place', async () => {
    const { page } = desk;
    for (const [before, after] of [['', '600'], ['600', '0'], ['0', '']]) {
      await page.goto(`${system.url}/#/`);
      await page.goto(`${system.url}/#/accounts`);
      await page.getByRole('button', { name: `Open ${person.email}` }).click();
      const dialog = page.getByRole('dialog', { name: person.email });
      const seconds = dialog.getByLabel('A pause holds the place for (seconds)');
      assert.equal(await seconds.inputValue(), before);
      await seconds.fill(after);
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.getByText('The plan is changed.').waitFor();
      if (after === '600') await sound(page, 'a plan');
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    }
    await page.goto(`${system.url}/#/`);
  });

  test('what happens while a dialogue is open is said in it', async () => {
    const { page } = desk;
    await page.goto(`${system.url}/#/accounts`);
    await page.getByRole('button', { name: `Open ${person.email}` }).click();
    const dialog = page.getByRole('dialog', { name: person.email });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('The plan is changed.').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.goto(`${system.url}/#/`);
  });

  test('long names with markup fit, from the narrowest window on', async () => {
    const { page } = person;
    const name = `${'Donaudampfschiff'.repeat(8)} <b>&amp;</b> \u0633\u064a\u0646\u0645\u0627`;
    await upload(name, film);
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(`${system.url}/#/account`);
    await page.getByLabel('Name').fill('W'.repeat(80));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').first().waitFor();
    await sound(page, 'a long name');
    await person.watch(name);
    await plays(person);
    await page.getByText('This screen').waitFor();
    await sound(page, 'a long title');
    await page.goto(`${system.url}/#/`);
    await desk.page.goto(`${system.url}/#/`);
    assert.deepEqual(person.faults, []);
  });
});

describe('everyone', () => {
  for (const look of [
    { locale: 'en-GB', colorScheme: 'light', width: 1280, height: 800 },
    { locale: 'de-DE', colorScheme: 'dark', width: 360, height: 740 },
    { locale: 'en-GB', colorScheme: 'dark', width: 2560, height: 1440 },
    { locale: 'de-DE', colorScheme: 'light', width: 320, height: 640 },
  ]) {
    const name = `${look.width}-${look.colorScheme}`;
    test(`every page is sound: ${name}, ${look.locale}`, async () => {
      const person = await Person.open(system.url, {
        locale: look.locale, colorScheme: look.colorScheme, viewport: { width: look.width, height: look.height }, reducedMotion: 'reduce',
      });
      const { page } = person;
      const leave = async () => {
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      };
      try {
        for (const fragment of ['/', '/join', '/reset', `/reset/${'a'.repeat(43)}`]) {
          await page.goto(`${system.url}/#${fragment}`);
          await page.locator('h1').waitFor();
          await sound(page, fragment);
          if (fragment === '/') await picture(page, `${name}-entrance`);
        }
        await page.goto(`${system.url}/#/signin`);
        await page.locator('input[name=email]').fill(admin.email);
        await page.locator('input[name=password]').fill(admin.password);
        await page.locator('form button').click();
        await page.locator('header').waitFor();
        for (const place of ['', 'devices', 'account', 'house', 'reports', 'catalogue', 'accounts', 'nowhere']) {
          await page.goto(`${system.url}/#/${place}`);
          await page.locator('main h1').waitFor();
          await page.waitForLoadState('networkidle').catch(() => {});
          await sound(page, place || 'films');
          await picture(page, `${name}-${place || 'films'}`);
        }
        await page.goto(`${system.url}/#/account`);
        await page.locator('button.danger').click();
        await page.getByRole('dialog').waitFor();
        await sound(page, 'confirmation');
        await leave();
        await page.goto(`${system.url}/#/catalogue`);
        await page.locator('.heading button').click();
        await page.getByRole('dialog').waitFor();
        await sound(page, 'editor');
        await picture(page, `${name}-editor`);
        await leave();
        await page.goto(`${system.url}/#/accounts`);
        await page.locator('td button').first().click();
        await page.getByRole('dialog').waitFor();
        await page.locator('dialog .rows').first().waitFor({ state: 'attached' });
        await sound(page, 'account dialogue');
        await leave();
        await page.goto(`${system.url}/#/`);
        await page.locator('.film').first().click();
        await page.locator('video').waitFor();
        await plays(person);
        await sound(page, 'watch');
        await picture(page, `${name}-watch`);
        assert.equal(await page.evaluate(() => document.documentElement.lang), look.locale.slice(0, 2));
        assert.deepEqual(person.faults, []);
      } finally {
        await person.close();
      }
    });
  }

  test('the keyboard alone is enough', async () => {
    const person = await Person.open(system.url);
    const { page } = person;
    const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
    const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent);
    await page.goto(`${system.url}/#/join`);
    await page.getByLabel('E-mail address').waitFor();
    await press('Tab');
    await page.keyboard.type(newAddress());
    await press('Tab');
    await page.keyboard.type(password);
    await press('Enter');
    await page.getByRole('heading', { name: 'What would you like to watch?' }).waitFor();
    await until('the film has the focus', async () => {
      await press('Tab');
      return (await focused()).includes(long);
    });
    await press('Enter');
    await plays(person);
    assert.equal(await focused(), long);
    await person.close();
  });
});
