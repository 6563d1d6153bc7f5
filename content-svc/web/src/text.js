// What the app says, in the languages that it knows. A text that takes values is a function.

const en = {
  'app.skip': 'Skip to the content',
  'app.loading': 'One moment …',
  'app.offline': 'No connection. Trying again …',
  'app.failed': 'This page can’t be shown',
  'nav.label': 'Main',
  'nav.films': 'Films',
  'nav.devices': 'Devices',
  'nav.account': 'Account',
  'nav.house': 'Overview',
  'nav.catalogue': 'Catalogue',
  'nav.accounts': 'Accounts',
  'nav.admin': 'Administration',

  'welcome.title': 'Three screens. One account.',
  'welcome.text': 'Watch on as many devices as you like, on three of them at once. When all places are taken, you see who holds them, and take one over with a click.',
  'signin.title': 'Sign in',
  'signin.submit': 'Sign in',
  'signin.none': 'New here?',
  'signin.forgot': 'Forgot your password?',
  'signup.title': 'Create an account',
  'signup.submit': 'Create account',
  'signup.have': 'Already have an account?',
  'signup.rule': 'At least six characters.',
  'field.email': 'E-mail address',
  'field.password': 'Password',
  'field.newPassword': 'New password',
  'field.presentPassword': 'Present password',
  'field.name': 'Name',
  'reset.title': 'Reset your password',
  'reset.text': 'We send a link to this address, if there is an account for it. It is good for an hour.',
  'reset.submit': 'Send the link',
  'reset.sent': 'If there is an account for this address, a link is on its way. Look into the spam folder, too.',
  'reset.choose': 'Choose a new password',
  'reset.save': 'Save the password',
  'reset.saved': 'The password is changed. Sign in with it.',
  'reset.invalid': 'This link has been used, or is too old. Ask for another one.',

  'films.title': 'What would you like to watch?',
  'films.search': 'Search films',
  'films.sort': 'Sort by',
  'films.sort.-createdAt': 'Newest first',
  'films.sort.createdAt': 'Oldest first',
  'films.sort.name': 'Name, A to Z',
  'films.sort.-name': 'Name, Z to A',
  'films.none': 'Nothing matches your search.',
  'films.empty': 'There is nothing to watch yet.',
  'films.found': (n) => (n === 1 ? 'One film' : `${n} films`),
  'films.more': 'Show more',
  'films.live': 'Live',
  'films.resume': (time) => `Goes on at ${time}`,

  'watching.title': 'Watching now',
  'watching.places': (n, limit) => `${n} of ${limit} places in use`,
  'watching.nobody': 'Nobody is watching. Every place is free.',
  'watching.unknown': 'What plays is not known at the moment.',
  'watching.since': (time) => `since ${time}`,
  'watching.here': 'This screen',
  'watching.end': 'End',
  'watching.endLabel': (title, device) => `End ${title} on ${device}`,
  'watching.ended': (title, device) => `Ended ${title} on ${device}.`,

  'watch.back': 'All films',
  'watch.starting': 'Taking a place …',
  'watch.troubled': 'The connection is disturbed. The film goes on; reconnecting …',
  'watch.over': 'The end',
  'watch.again': 'Watch again',
  'watch.rested': 'Paused',
  'watch.restedText': 'You paused for a while, so this place is free for your other screens.',
  'watch.goOn': 'Go on watching',
  'watch.gone': 'This film is not in the catalogue any more.',
  'watch.failed': 'This film can’t be played.',
  'watch.failed.media_unplayable': 'Your browser can’t play this film.',
  'watch.failed.media_unavailable': 'The film can’t be fetched at the moment.',
  'watch.retry': 'Try again',

  'refused.title': (limit) => `All ${limit} places are taken`,
  'refused.text': 'Take one over, and it ends there. Or wait until one is free.',
  'refused.free': 'A place is free now.',
  'refused.play': 'Play now',
  'refused.since': (time) => `since ${time}`,
  'refused.until': (time) => `held until ${time}`,
  'refused.replace': 'Play here instead',
  'refused.replaceLabel': (title, device) => `Play here instead of ${title} on ${device}`,
  'refused.cancel': 'Back to the films',

  'held.title': 'New films start in a moment',
  'held.recovering': 'The record of who is watching has just come back. What plays goes on; new films wait until every place is known again.',
  'held.unavailable': 'The record of who is watching is away. What plays goes on.',
  'held.too_many_starts': 'This account started many films in a row.',
  'held.offline': 'No connection.',
  'held.seconds': (n) => (n === 1 ? 'Next try in one second' : `Next try in ${n} seconds`),

  'ended.title': 'Playback has stopped here',
  'ended.replaced': (by) => `${by} took this place over.`,
  'ended.terminated': (by) => `${by} ended this film.`,
  'ended.support': 'Support ended this film.',
  'ended.session_ended': 'This device was signed out.',
  'ended.session_ended_by': (by) => `This device was signed out by ${by}.`,
  'ended.evicted': (by) => `${by} started a film, and all places were taken: the oldest one gave way.`,
  'ended.stopped': 'The film was stopped on this device.',
  'ended.again': 'Play here again',
  'ended.other': 'Another device',

  'devices.title': 'Your devices',
  'devices.text': 'Every device that is signed in to your account.',
  'devices.current': 'This device',
  'devices.seen': (time) => `last seen ${time}`,
  'devices.since': (time) => `signed in ${time}`,
  'devices.end': 'Sign out',
  'devices.endLabel': (device) => `Sign out ${device}`,
  'devices.endText': 'What it plays ends, and it has to sign in again.',
  'devices.endCurrentText': 'This is the device that you are using. What it plays ends.',
  'devices.others': 'Sign out all others',
  'devices.othersText': (n) => (n === 1 ? 'One device has to sign in again. What it plays ends.' : `${n} devices have to sign in again. What they play ends.`),
  'devices.ended': (device) => `${device} is signed out.`,
  'devices.othersEnded': 'All other devices are signed out.',

  'account.title': 'Your account',
  'account.profile': 'Profile',
  'account.save': 'Save',
  'account.saved': 'Saved.',
  'account.plan': (n) => (n === 1 ? 'One stream at once' : `${n} streams at once`),
  'account.password': 'Password',
  'account.passwordText': 'Your other devices are signed out.',
  'account.changePassword': 'Change the password',
  'account.passwordChanged': 'The password is changed. Your other devices are signed out.',
  'account.leave': 'Delete the account',
  'account.signOut': 'Sign out',
  'account.delete': 'Delete the account …',
  'account.deleteTitle': 'Delete your account?',
  'account.deleteText': 'Your profile is deleted, all devices are signed out, and what plays ends. This can’t be undone.',
  'account.deleteConfirm': 'Delete for good',

  'common.cancel': 'Cancel',
  'common.close': 'Close',
  'common.save': 'Save',
  'common.delete': 'Delete',
  'common.edit': 'Edit',
  'common.retry': 'Try again',
  'common.previous': 'Previous',
  'common.next': 'Next',
  'common.page': (page, pages) => `Page ${page} of ${pages}`,
  'common.notFound': 'There is nothing here.',

  'accounts.title': 'Accounts',
  'accounts.search': 'Search by name or e-mail address',
  'accounts.name': 'Name',
  'accounts.email': 'E-mail address',
  'accounts.role': 'Role',
  'accounts.role.user': 'Viewer',
  'accounts.role.admin': 'Administrator',
  'accounts.plan': 'Plan',
  'accounts.created': 'Created',
  'accounts.open': (email) => `Open ${email}`,
  'accounts.count': (n) => (n === 1 ? 'One account' : `${n} accounts`),
  'accounts.none': 'No account matches.',
  'accounts.limit': 'Streams at once',
  'accounts.onLimit': 'At the limit',
  'accounts.onLimit.deny': 'refuse the new stream',
  'accounts.onLimit.evict-oldest': 'end the oldest stream',
  'accounts.planSaved': 'The plan is changed. The limit counts at once.',
  'accounts.streams': 'Plays now',
  'accounts.noStreams': 'Nothing plays.',
  'accounts.endAll': 'End all',
  'accounts.allEnded': 'All streams are ended.',
  'accounts.sessions': 'Signed-in devices',
  'accounts.noSessions': 'No device is signed in.',
  'accounts.signOutAll': 'Sign out all devices',
  'accounts.signOutAllText': 'Everything that this account plays ends, and every device has to sign in again.',
  'accounts.allSignedOut': 'All devices are signed out.',

  'manage.title': 'Catalogue',
  'manage.new': 'Add a film',
  'manage.type': 'Type',
  'manage.type.vod': 'Film',
  'manage.type.livestream': 'Live channel',
  'manage.description': 'Description',
  'manage.updated': 'Changed',
  'manage.address': 'Address elsewhere, or path in the media store (optional)',
  'manage.addressHelp': 'Leave this empty if you upload the video.',
  'manage.editTitle': (name) => `Edit ${name}`,
  'manage.newTitle': 'Add a film',
  'manage.create': 'Add',
  'manage.saved': (name) => `${name} is saved.`,
  'manage.deleteTitle': (name) => `Delete ${name}?`,
  'manage.deleteText': 'It disappears from the catalogue. Who watches it now can watch to the end.',
  'manage.deleted': (name) => `${name} is deleted.`,
  'manage.upload': 'Video',
  'manage.uploadHelp': 'An MP4 or WebM file, or a tar or zip of HLS or DASH. What was there stays until the new video is complete.',
  'manage.poster': 'Poster',
  'manage.posterHelp': 'A JPEG, PNG or WebP picture, best of 16 to 9.',
  'manage.progress': (sent, size, share) => `${share} · ${sent} of ${size}`,
  'manage.checking': 'Checking the video …',
  'manage.pause': 'Pause',
  'manage.resume': 'Resume',
  'manage.paused': 'Paused',
  'manage.stopTitle': 'Stop the upload?',
  'manage.stopText': 'What was sent is thrown away. The catalogue stays as it is.',
  'manage.stop': 'Stop the upload',
  'manage.stopNot': 'Go on uploading',
  'manage.count': (n) => (n === 1 ? 'One entry' : `${n} entries`),

  'house.title': 'Overview',
  'house.now': 'Streams now',
  'house.starts': 'Starts in the last hour',
  'house.starts.axis': 'Starts',
  'house.refusals': 'Refusals in the last hour',
  'house.perMinute': 'Starts and refusals, by minute',
  'house.started': 'Started',
  'house.refused': 'Refused',
  'house.reasons': 'Refusals by reason',
  'house.reason': 'Reason',
  'house.number': 'Number',
  'house.minute': 'Minute',
  'house.levels': 'How many streams the account had after each start',
  'house.level': (n) => (n === 1 ? 'One stream' : `${n} streams`),
  'house.levelHeading': 'Streams',
  'house.none': 'None in the last hour.',
  'house.reason.limit_reached': 'All places taken',
  'house.reason.too_many_starts': 'Too many starts',
  'house.reason.held': 'Held after a restart of the record',
  'house.reason.unavailable': 'The record was away',
  'house.reason.no_session': 'The device was signed out',

  'chart.table': 'Show as a table',


  'problem.offline': 'There is no connection. Try again in a moment.',
  'problem.unavailable': 'A part of the service is away. Try again in a moment.',
  'problem.unknown': 'That did not work.',
};

const de = {
  'app.skip': 'Zum Inhalt springen',
  'app.loading': 'Einen Moment …',
  'app.offline': 'Keine Verbindung. Neuer Versuch …',
  'app.failed': 'Diese Seite lässt sich nicht anzeigen',
  'nav.label': 'Hauptmenü',
  'nav.films': 'Filme',
  'nav.devices': 'Geräte',
  'nav.account': 'Konto',
  'nav.house': 'Überblick',
  'nav.catalogue': 'Katalog',
  'nav.accounts': 'Konten',
  'nav.admin': 'Verwaltung',

  'welcome.title': 'Drei Bildschirme. Ein Konto.',
  'welcome.text': 'Auf beliebig vielen Geräten, auf dreien gleichzeitig. Sind alle Plätze belegt, siehst du, wer sie hat, und übernimmst einen mit einem Klick.',
  'signin.title': 'Anmelden',
  'signin.submit': 'Anmelden',
  'signin.none': 'Neu hier?',
  'signin.forgot': 'Passwort vergessen?',
  'signup.title': 'Konto anlegen',
  'signup.submit': 'Konto anlegen',
  'signup.have': 'Schon ein Konto?',
  'signup.rule': 'Mindestens sechs Zeichen.',
  'field.email': 'E-Mail-Adresse',
  'field.password': 'Passwort',
  'field.newPassword': 'Neues Passwort',
  'field.presentPassword': 'Bisheriges Passwort',
  'field.name': 'Name',
  'reset.title': 'Passwort zurücksetzen',
  'reset.text': 'Wir senden einen Link an diese Adresse, wenn es zu ihr ein Konto gibt. Er gilt eine Stunde.',
  'reset.submit': 'Link senden',
  'reset.sent': 'Wenn es zu dieser Adresse ein Konto gibt, ist ein Link unterwegs. Sieh auch im Spam-Ordner nach.',
  'reset.choose': 'Neues Passwort wählen',
  'reset.save': 'Passwort speichern',
  'reset.saved': 'Das Passwort ist geändert. Melde dich damit an.',
  'reset.invalid': 'Dieser Link wurde schon benutzt oder ist zu alt. Fordere einen neuen an.',

  'films.title': 'Was möchtest du sehen?',
  'films.search': 'Filme suchen',
  'films.sort': 'Reihenfolge',
  'films.sort.-createdAt': 'Neueste zuerst',
  'films.sort.createdAt': 'Älteste zuerst',
  'films.sort.name': 'Name, A bis Z',
  'films.sort.-name': 'Name, Z bis A',
  'films.none': 'Nichts passt zu deiner Suche.',
  'films.empty': 'Es gibt noch nichts zu sehen.',
  'films.found': (n) => (n === 1 ? 'Ein Film' : `${n} Filme`),
  'films.more': 'Mehr zeigen',
  'films.live': 'Live',
  'films.resume': (time) => `Weiter bei ${time}`,

  'watching.title': 'Läuft gerade',
  'watching.places': (n, limit) => `${n} von ${limit} Plätzen belegt`,
  'watching.nobody': 'Niemand schaut. Alle Plätze sind frei.',
  'watching.unknown': 'Was läuft, ist gerade nicht bekannt.',
  'watching.since': (time) => `seit ${time}`,
  'watching.here': 'Dieser Bildschirm',
  'watching.end': 'Beenden',
  'watching.endLabel': (title, device) => `${title} auf ${device} beenden`,
  'watching.ended': (title, device) => `${title} auf ${device} ist beendet.`,

  'watch.back': 'Alle Filme',
  'watch.starting': 'Ein Platz wird belegt …',
  'watch.troubled': 'Die Verbindung ist gestört. Der Film läuft weiter; wir verbinden neu …',
  'watch.over': 'Ende',
  'watch.again': 'Noch einmal ansehen',
  'watch.rested': 'Pause',
  'watch.restedText': 'Nach einer Weile Pause ist dieser Platz frei für deine anderen Bildschirme.',
  'watch.goOn': 'Weiterschauen',
  'watch.gone': 'Diesen Film gibt es nicht mehr im Katalog.',
  'watch.failed': 'Dieser Film lässt sich nicht abspielen.',
  'watch.failed.media_unplayable': 'Dein Browser kann diesen Film nicht abspielen.',
  'watch.failed.media_unavailable': 'Der Film ist gerade nicht zu erreichen.',
  'watch.retry': 'Noch einmal versuchen',

  'refused.title': (limit) => `Alle ${limit} Plätze sind belegt`,
  'refused.text': 'Übernimm einen, dann endet er dort. Oder warte, bis einer frei wird.',
  'refused.free': 'Jetzt ist ein Platz frei.',
  'refused.play': 'Jetzt abspielen',
  'refused.since': (time) => `seit ${time}`,
  'refused.until': (time) => `belegt bis ${time}`,
  'refused.replace': 'Lieber hier abspielen',
  'refused.replaceLabel': (title, device) => `Lieber hier abspielen als ${title} auf ${device}`,
  'refused.cancel': 'Zurück zu den Filmen',

  'held.title': 'Neue Filme beginnen gleich',
  'held.recovering': 'Das Verzeichnis der laufenden Filme ist gerade zurückgekehrt. Was läuft, läuft weiter; neue Filme warten, bis jeder Platz wieder bekannt ist.',
  'held.unavailable': 'Das Verzeichnis der laufenden Filme ist nicht zu erreichen. Was läuft, läuft weiter.',
  'held.too_many_starts': 'Dieses Konto hat viele Filme kurz nacheinander begonnen.',
  'held.offline': 'Keine Verbindung.',
  'held.seconds': (n) => (n === 1 ? 'Nächster Versuch in einer Sekunde' : `Nächster Versuch in ${n} Sekunden`),

  'ended.title': 'Die Wiedergabe wurde hier beendet',
  'ended.replaced': (by) => `${by} hat diesen Platz übernommen.`,
  'ended.terminated': (by) => `${by} hat diesen Film beendet.`,
  'ended.support': 'Der Kundendienst hat diesen Film beendet.',
  'ended.session_ended': 'Dieses Gerät wurde abgemeldet.',
  'ended.session_ended_by': (by) => `Dieses Gerät wurde abgemeldet: ${by}.`,
  'ended.evicted': (by) => `${by} hat einen Film begonnen, und alle Plätze waren belegt: der älteste musste weichen.`,
  'ended.stopped': 'Der Film wurde auf diesem Gerät beendet.',
  'ended.again': 'Hier weiter abspielen',
  'ended.other': 'Ein anderes Gerät',

  'devices.title': 'Deine Geräte',
  'devices.text': 'Alle Geräte, die an deinem Konto angemeldet sind.',
  'devices.current': 'Dieses Gerät',
  'devices.seen': (time) => `zuletzt gesehen ${time}`,
  'devices.since': (time) => `angemeldet ${time}`,
  'devices.end': 'Abmelden',
  'devices.endLabel': (device) => `${device} abmelden`,
  'devices.endText': 'Was dort läuft, endet, und das Gerät muss sich neu anmelden.',
  'devices.endCurrentText': 'Das ist das Gerät, das du gerade benutzt. Was hier läuft, endet.',
  'devices.others': 'Alle anderen abmelden',
  'devices.othersText': (n) => (n === 1 ? 'Ein Gerät muss sich neu anmelden. Was dort läuft, endet.' : `${n} Geräte müssen sich neu anmelden. Was dort läuft, endet.`),
  'devices.ended': (device) => `${device} ist abgemeldet.`,
  'devices.othersEnded': 'Alle anderen Geräte sind abgemeldet.',

  'account.title': 'Dein Konto',
  'account.profile': 'Profil',
  'account.save': 'Speichern',
  'account.saved': 'Gespeichert.',
  'account.plan': (n) => (n === 1 ? 'Ein Film gleichzeitig' : `${n} Filme gleichzeitig`),
  'account.password': 'Passwort',
  'account.passwordText': 'Deine anderen Geräte werden abgemeldet.',
  'account.changePassword': 'Passwort ändern',
  'account.passwordChanged': 'Das Passwort ist geändert. Deine anderen Geräte sind abgemeldet.',
  'account.leave': 'Konto löschen',
  'account.signOut': 'Abmelden',
  'account.delete': 'Konto löschen …',
  'account.deleteTitle': 'Konto wirklich löschen?',
  'account.deleteText': 'Dein Profil wird gelöscht, alle Geräte werden abgemeldet, und was läuft, endet. Das lässt sich nicht rückgängig machen.',
  'account.deleteConfirm': 'Endgültig löschen',

  'common.cancel': 'Abbrechen',
  'common.close': 'Schließen',
  'common.save': 'Speichern',
  'common.delete': 'Löschen',
  'common.edit': 'Bearbeiten',
  'common.retry': 'Noch einmal versuchen',
  'common.previous': 'Zurück',
  'common.next': 'Weiter',
  'common.page': (page, pages) => `Seite ${page} von ${pages}`,
  'common.notFound': 'Hier ist nichts.',

  'accounts.title': 'Konten',
  'accounts.search': 'Nach Name oder E-Mail-Adresse suchen',
  'accounts.name': 'Name',
  'accounts.email': 'E-Mail-Adresse',
  'accounts.role': 'Rolle',
  'accounts.role.user': 'Nutzer',
  'accounts.role.admin': 'Verwaltung',
  'accounts.plan': 'Tarif',
  'accounts.created': 'Angelegt',
  'accounts.open': (email) => `${email} öffnen`,
  'accounts.count': (n) => (n === 1 ? 'Ein Konto' : `${n} Konten`),
  'accounts.none': 'Kein Konto passt.',
  'accounts.limit': 'Filme gleichzeitig',
  'accounts.onLimit': 'Wenn alle Plätze belegt sind',
  'accounts.onLimit.deny': 'den neuen Film ablehnen',
  'accounts.onLimit.evict-oldest': 'den ältesten Film beenden',
  'accounts.planSaved': 'Der Tarif ist geändert. Die Zahl gilt sofort.',
  'accounts.streams': 'Läuft gerade',
  'accounts.noStreams': 'Nichts läuft.',
  'accounts.endAll': 'Alles beenden',
  'accounts.allEnded': 'Alles ist beendet.',
  'accounts.sessions': 'Angemeldete Geräte',
  'accounts.noSessions': 'Kein Gerät ist angemeldet.',
  'accounts.signOutAll': 'Alle Geräte abmelden',
  'accounts.signOutAllText': 'Alles, was dieses Konto abspielt, endet, und jedes Gerät muss sich neu anmelden.',
  'accounts.allSignedOut': 'Alle Geräte sind abgemeldet.',

  'manage.title': 'Katalog',
  'manage.new': 'Film hinzufügen',
  'manage.type': 'Art',
  'manage.type.vod': 'Film',
  'manage.type.livestream': 'Live-Kanal',
  'manage.description': 'Beschreibung',
  'manage.updated': 'Geändert',
  'manage.address': 'Adresse anderswo oder Pfad im Medienspeicher (optional)',
  'manage.addressHelp': 'Lass dies leer, wenn du das Video hochlädst.',
  'manage.editTitle': (name) => `${name} bearbeiten`,
  'manage.newTitle': 'Film hinzufügen',
  'manage.create': 'Hinzufügen',
  'manage.saved': (name) => `${name} ist gespeichert.`,
  'manage.deleteTitle': (name) => `${name} löschen?`,
  'manage.deleteText': 'Der Film verschwindet aus dem Katalog. Wer ihn gerade sieht, kann ihn zu Ende sehen.',
  'manage.deleted': (name) => `${name} ist gelöscht.`,
  'manage.upload': 'Video',
  'manage.uploadHelp': 'Eine MP4- oder WebM-Datei oder ein tar oder zip mit HLS oder DASH. Was da war, bleibt, bis das neue Video vollständig ist.',
  'manage.poster': 'Plakat',
  'manage.posterHelp': 'Ein Bild als JPEG, PNG oder WebP, am besten im Format 16 zu 9.',
  'manage.progress': (sent, size, share) => `${share} · ${sent} von ${size}`,
  'manage.checking': 'Das Video wird geprüft …',
  'manage.pause': 'Anhalten',
  'manage.resume': 'Weiter',
  'manage.paused': 'Angehalten',
  'manage.stopTitle': 'Das Hochladen abbrechen?',
  'manage.stopText': 'Was schon gesendet ist, geht verloren. Der Katalog bleibt, wie er ist.',
  'manage.stop': 'Abbrechen',
  'manage.stopNot': 'Weiter hochladen',
  'manage.count': (n) => (n === 1 ? 'Ein Eintrag' : `${n} Einträge`),

  'house.title': 'Überblick',
  'house.now': 'Läuft gerade',
  'house.starts': 'Starts in der letzten Stunde',
  'house.starts.axis': 'Starts',
  'house.refusals': 'Ablehnungen in der letzten Stunde',
  'house.perMinute': 'Starts und Ablehnungen je Minute',
  'house.started': 'Begonnen',
  'house.refused': 'Abgelehnt',
  'house.reasons': 'Ablehnungen nach Grund',
  'house.reason': 'Grund',
  'house.number': 'Anzahl',
  'house.minute': 'Minute',
  'house.levels': 'Wie viele Filme das Konto nach jedem Start sah',
  'house.level': (n) => (n === 1 ? 'Ein Film' : `${n} Filme`),
  'house.levelHeading': 'Filme',
  'house.none': 'Keine in der letzten Stunde.',
  'house.reason.limit_reached': 'Alle Plätze belegt',
  'house.reason.too_many_starts': 'Zu viele Starts',
  'house.reason.held': 'Nach einem Neustart des Verzeichnisses zurückgehalten',
  'house.reason.unavailable': 'Das Verzeichnis war nicht zu erreichen',
  'house.reason.no_session': 'Das Gerät war abgemeldet',

  'chart.table': 'Als Tabelle zeigen',


  'problem.offline': 'Es gibt keine Verbindung. Versuche es gleich noch einmal.',
  'problem.unavailable': 'Ein Teil des Dienstes ist nicht zu erreichen. Versuche es gleich noch einmal.',
  'problem.unknown': 'Das hat nicht geklappt.',
  'problem.invalid_credentials': 'Die E-Mail-Adresse oder das Passwort stimmt nicht.',
  'problem.email_taken': 'Zu dieser E-Mail-Adresse gibt es schon ein Konto.',
  'problem.too_many_attempts': 'Zu viele Versuche. Warte einen Moment.',
  'problem.invalid_input': 'Eine Angabe stimmt nicht.',
};

export const languages = { en, de };

// locale is the first of the person's languages that we know, with its region; language is how the table calls it.
const wanted = navigator.languages ?? [navigator.language];
export const locale = wanted.find((tag) => tag.slice(0, 2).toLowerCase() in languages) ?? 'en';
export const language = locale.slice(0, 2).toLowerCase();

// t returns a text in the person's language.
export function t(key, ...values) {
  const text = languages[language][key] ?? en[key] ?? key;
  return typeof text === 'function' ? text(...values) : text;
}

// explain returns what a problem means for people. The services explain in English; what is known by its code is said in the person's
// own language.
export function explain(problem) {
  const own = languages[language][`problem.${problem?.code}`];
  if (own) return own;
  return problem?.detail || t('problem.unknown');
}

const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
const seconds = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });

const short = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
const date = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

export const showNumber = (n) => number.format(n);
export const showClock = (time) => clock.format(new Date(time));
export const showSeconds = (time) => seconds.format(new Date(time));
export const showDay = (time) => day.format(new Date(time));

const moment = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

// showMoment returns a time of a row that stands for a minute, an hour or a day.
export const showMoment = (time, step = 'minute') => (step === 'day' ? date : moment).format(new Date(time));

// showSpan returns a duration in seconds in its largest unit.
export function showSpan(duration) {
  const [unit, length] = [['hour', 3600], ['minute', 60]].find(([, seconds]) => duration >= seconds) ?? ['second', 1];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: unit === 'hour' ? 1 : 0 }).format(duration / length);
}

// showAt returns a time of an axis whose marks are so many seconds apart, of rows that stand for so many. Days are those of UTC.
export function showAt(time, every, step) {
  if (step === 86400) return date.format(time);
  const at = new Date(time);
  return every >= 86400 || (at.getHours() === 0 && at.getMinutes() === 0) ? short.format(at) : clock.format(at);
}

// showSince returns a time as what it is since: of the clock, or of a day that is over.
export function showSince(time, now = Date.now()) {
  return now - new Date(time) < 12 * 3600_000 ? showClock(time) : showDay(time);
}

// showAgo returns how long ago a time is, in the largest unit.
export function showAgo(time, now = Date.now()) {
  const past = (new Date(time) - now) / 1000;
  for (const [unit, length] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (Math.abs(past) >= length) return relative.format(Math.trunc(past / length), unit);
  }
  return relative.format(0, 'second');
}

// showLength returns a duration in seconds as 1:02:03 or 2:03.
export function showLength(duration) {
  const whole = Math.round(duration);
  const two = (n) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const shares = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });

// showShare returns a part of one as so much per cent.
export const showShare = (share) => shares.format(share);

// showSize returns a number of bytes.
export function showSize(bytes) {
  const [unit, divisor] = [['gigabyte', 1e9], ['megabyte', 1e6], ['kilobyte', 1e3]].find(([, size]) => bytes >= size) ?? ['kilobyte', 1e3];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }).format(bytes / divisor);
}
