// People with browsers.
import { chromium } from 'playwright-core';

export const program = process.env.CHROMIUM ?? '/usr/bin/chromium';

let browser;

export async function openBrowser() {
  browser = await chromium.launch({
    executablePath: program,
    // As root there is no sandbox, and the pages are ours.
    args: [
      '--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--mute-audio', '--host-resolver-rules=MAP streamgate.example 127.0.0.1',
    ],
  });
}

export const closeBrowser = () => browser?.close();

let number = 0;
export const newAddress = () => `person${++number}-${process.pid}@example.com`;
export const password = 'correct horse';

// A browser of one person. What goes wrong in its pages fails the test.
export class Person {
  faults = [];

  static async open(url, options = {}) {
    const person = new Person();
    person.url = url;
    person.context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
    person.page = await person.tab();
    return person;
  }

  async tab() {
    const page = await this.context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('console', (message) => {
      // What Chromium itself says of a refused request, and of plain http, is no fault of the page.
      if (message.type() === 'error' && !/Failed to load resource|net::ERR|Cross-Origin-Opener-Policy header has been ignored/.test(message.text())) this.faults.push(message.text());
    });
    return page;
  }

  async join(email = newAddress()) {
    this.email = email;
    await this.page.goto(`${this.url}/#/join`);
    await this.#fill('Create account', email, password);
    return this;
  }

  async signIn(email, secret = password) {
    this.email = email;
    await this.page.goto(`${this.url}/`);
    await this.#fill('Sign in', email, secret);
    return this;
  }

  async #fill(button, email, secret) {
    await this.page.getByLabel('E-mail address').fill(email);
    await this.page.getByLabel('Password').fill(secret);
    await this.page.getByRole('button', { name: button }).click();
    await this.page.getByRole('heading', { name: 'What would you like to watch?' }).waitFor();
  }

  async watch(name, page = this.page) {
    await page.goto(`${this.url}/#/`);
    await page.getByRole('link', { name }).first().click();
    await page.locator('video').waitFor();
  }

  // position is where the film is, in seconds.
  position(page = this.page) {
    return page.evaluate(() => document.querySelector('video')?.currentTime ?? -1);
  }

  close() {
    return this.context.close();
  }
}
