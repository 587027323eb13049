/** Files on their way into a conversation. The composer shows the tray, and hands it what is picked, pasted, dropped. */

/** Begins to send them; what comes of it is shown in the tray. */
export function addFiles(_conversationId: string, _files: readonly File[]): void {}

/** Files of a conversation that are on their way, with progress, cancel and retry. */
export function UploadTray(_: { readonly conversationId: string }) {
  return null;
}
