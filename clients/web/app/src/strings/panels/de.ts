import type { PanelStrings } from "./en.js";

/** What the screens say that are loaded when they are asked for. */
export const de: PanelStrings = {
  save: "Speichern",
  saving: "Wird gespeichert …",
  saved: "Gespeichert.",
  remove: "Entfernen",
  undo: "Rückgängig",

  people: {
    find: "Benutzername",
    findHint: "Der ganze Benutzername; oder unten jemanden auswählen, den du kennst.",
    search: "Suchen",
    searching: "Wird gesucht …",
    nobody: "Niemand heißt so, oder ist nicht zu finden.",
    known: "Leute, die du kennst",
    chosen: "Ausgewählt",
    choose: (name) => `${name} auswählen`,
    drop: (name) => `${name} nicht auswählen`,
  },

  start: {
    kind: "Mit wem",
    direct: "Eine Person",
    group: "Eine Gruppe",
    title: "Name der Gruppe",
    submit: "Gruppe anlegen",
    busy: "Wird angelegt …",
    begin: (name) => `${name} schreiben`,
  },

  info: {
    title: (name) => `Einzelheiten zu ${name}`,
    mine: "Für dich",
    muted: "Stummschalten",
    mutes: { off: "Nicht stumm", hour: "Für eine Stunde", day: "Für einen Tag", ever: "Bis auf Weiteres" },
    archived: "Archiviert",
    notify: "Benachrichtigen bei",
    notifies: { all: "Allen Nachrichten", mentions: "Erwähnungen", none: "Nichts" },
    username: (name) => `@${name}`,
    contact: "Kontakt",
    block: "Blockieren",
    unblock: "Nicht mehr blockieren",
    confirmBlock: (name) => `${name} blockieren?`,
    blockMeans:
      "Ihr könnt einander nicht mehr schreiben und seht nicht, wie weit der andere gelesen hat. Dem anderen wird nichts gesagt.",
    members: "Mitglieder",
    add: "Leute hinzufügen",
    addSubmit: "Hinzufügen",
    addBusy: "Wird hinzugefügt …",
    actions: (name) => `Aktionen für ${name}`,
    makeAdmin: "Zum Admin machen",
    makeMember: "Zum Mitglied machen",
    makeOwner: "Zum Eigentümer machen",
    remove: "Aus der Gruppe entfernen",
    confirmRemove: (name) => `${name} aus der Gruppe entfernen?`,
    leave: "Gruppe verlassen",
    confirmLeave: "Diese Gruppe verlassen?",
    leaveMeans: "Was du gesagt hast, bleibt. Was danach gesagt wird, siehst du nicht.",
    rename: "Name der Gruppe",
    roles: { owner: "Eigentümer", admin: "Admin", member: "Mitglied" },
    changed: "Geändert.",
  },

  settings: {
    back: "Einstellungen",
    profile: "Profil",
    password: "Passwort",
    notifications: "Benachrichtigungen",
    appearance: "Aussehen",
    contacts: "Kontakte",
    blocks: "Blockierte Leute",
    devices: "Geräte",
    data: "Deine Daten",
    signOut: "Abmelden",
    confirmSignOut: "Auf diesem Gerät abmelden?",
    signOutMeans: "Was auf diesem Gerät aufbewahrt wird, wird entfernt.",
    unsentMeans: "Nachrichten, die noch nicht gesendet sind, gehen verloren.",
    discard: "Trotzdem abmelden",
  },

  profile: {
    name: "Dein Name, wie andere ihn sehen",
    username: "Benutzername",
    contactable: "Wer dir zuerst schreiben oder dich zu Gruppen hinzufügen darf",
    contactables: { everybody: "Alle", contacts: "Nur meine Kontakte" },
  },

  password: {
    current: "Bisheriges Passwort",
    next: "Neues Passwort",
    hint: "10 bis 128 Zeichen. Alle deine anderen Geräte werden abgemeldet.",
    done: "Dein Passwort wurde geändert.",
  },

  notifications: {
    previews: "In Benachrichtigungen zeigen, was gesagt wurde",
    pierce: "Auch bei Erwähnungen in stummen Unterhaltungen benachrichtigen",
    quiet: "Ruhezeit",
    from: "Von",
    to: "Bis",
    zone: "Zeitzone",
    here: "Auf diesem Gerät",
    why: "Natter kann dir von neuen Nachrichten sagen, während es geschlossen ist. Der Hersteller deines Browsers überbringt die Benachrichtigung verschlüsselt; was sie zeigt, bestimmt die Einstellung oben. Du wirst um Erlaubnis gefragt.",
    turnOn: "Hier Benachrichtigungen einschalten",
    turnOff: "Hier Benachrichtigungen ausschalten",
    turning: "Einen Moment …",
    isOn: "Benachrichtigungen sind in diesem Browser eingeschaltet.",
    denied:
      "Benachrichtigungen sind für diese Seite gesperrt. Erlaube sie in den Einstellungen des Browsers und komm zurück.",
    unsupported: "Dieser Browser kann nicht benachrichtigt werden, während Natter geschlossen ist.",
    failed: "Benachrichtigungen konnten nicht eingeschaltet werden. Bitte versuche es noch einmal.",
  },

  appearance: {
    theme: "Farben",
    themes: { system: "Wie das Gerät", light: "Hell", dark: "Dunkel" },
    language: "Sprache",
    languages: { system: "Wie der Browser", en: "English", de: "Deutsch" },
    enter: "Die Eingabetaste sendet (mit der Umschalttaste beginnt sie eine neue Zeile)",
  },

  contacts: {
    none: "Du hast noch keine Kontakte.",
    add: "Kontakt hinzufügen",
    removed: (name) => `${name} ist kein Kontakt mehr.`,
  },
  blocks: { none: "Du hast niemanden blockiert." },

  devices: {
    here: "Dieses Gerät",
    used: (when) => `Zuletzt benutzt ${when}`,
    unnamed: "Gerät ohne Namen",
    end: "Abmelden",
    endOf: (name) => `${name} abmelden`,
    endOthers: "Alle anderen Geräte abmelden",
    confirmEndOthers: "Alle anderen Geräte abmelden?",
    ended: "Abgemeldet.",
    more: "Mehr zeigen",
  },

  data: {
    export: "Eine Kopie deiner Daten",
    exportWhat: "Dein Profil, deine Einstellungen und alles, was du gesagt hast, als Zip-Datei. Das dauert eine Weile.",
    exportStart: "Kopie anlegen",
    exporting: "Deine Kopie wird angelegt …",
    download: "Herunterladen",
    erase: "Dein Konto löschen",
    eraseWhat:
      "Alles, was du gesagt hast, verschwindet sofort für alle, und du verlässt alle Gruppen. Niemand kann das rückgängig machen, und niemand bekommt deinen Benutzernamen wieder.",
    erasePassword: "Zur Sicherheit dein Passwort",
    eraseByProvider:
      "Zur Sicherheit meldest du dich noch einmal bei deiner Organisation an; danach wirst du noch einmal gefragt.",
    eraseSubmit: "Mein Konto löschen",
    erasing: "Wird gelöscht …",
    confirmErase: "Dein Konto endgültig löschen?",
  },
};
