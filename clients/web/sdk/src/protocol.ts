// The frames and bodies of the protocol. Made by `make docs` from docs/openapi.json and docs/asyncapi.json.

/** What may be refused, and whether the same may be asked again. */
export const ERRORS = {
  bad_credentials: false,
  bad_request: false,
  bad_token: false,
  conflict: false,
  forbidden: false,
  gone: false,
  internal: true,
  last_owner: false,
  method_not_allowed: false,
  not_found: false,
  not_member: false,
  rate_limited: true,
  too_large: false,
  unauthenticated: false,
  unavailable: true,
  unknown_action: false,
  username_taken: false,
} as const;

export interface Accepted {
  client_id: string;
  at: number;
}

/** All messages of the frame are in the log on all in-sync replicas (P1). */
export interface AckFrame {
  type: "ack";
  id?: string;
  conversation_id: string;
  accepted: Accepted[];
}

export interface AddMembersBody {
  user_ids: string[];
}

export interface AttachmentContent {
  type: "attachment";
  attachment_id: string;
  text?: string;
}

export interface AttachmentContentInput {
  type: "attachment";
  attachment_id: string;
  text?: string | null;
}

export interface ConversationAnswer {
  conversation_id: string;
  kind: string;
  title?: string;
  avatar?: string;
  created_at: number;
  created_by: string;
  member_count: number;
  first_seq: number;
  head: HeadAnswer;
  role: string;
  read_seq: number;
  unread: number;
  muted_until?: number;
  archived: boolean;
  notify: "all" | "mentions" | "none";
  history?: string;
  peer?: PeerAnswer;
  last_message?: WireEvent;
}

export interface ConversationChanged {
  seq: number;
  at: number;
  sender_id: string;
  client_id?: string;
  type: "conversation_changed";
  title?: string;
  avatar?: MaybeUrl;
}

export interface ConversationCreated {
  seq: number;
  at: number;
  sender_id: string;
  client_id?: string;
  type: "conversation_created";
  kind: "direct" | "group";
  title?: string;
  members: MemberField[];
}

/** What is not named stays; null clears the avatar. A group has a title. */
export interface ConversationPatch {
  title?: string;
  avatar?: string | null;
}

export interface CursorItem {
  user_id: string;
  read_seq: number;
  delivered_seq: number;
}

export interface CursorsAnswer {
  items: CursorItem[];
}

export interface Delete {
  seq: number;
  at: number;
  sender_id: string;
  client_id?: string;
  type: "delete";
  target_seq: number;
}

export interface DeleteFrame {
  action: "delete";
  id?: string | null;
  conversation_id: string;
  client_id: string;
  target_seq: number;
}

/** Everything up to and including `seq` has arrived on a device. */
export interface DeliveredFrame {
  action: "delivered";
  id?: string | null;
  conversation_id: string;
  seq: number;
}

export interface DeviceBody {
  device_id?: string | null;
  name?: string | null;
  platform?: "ios" | "android" | "web" | "desktop" | "other" | null;
}

export interface DeviceItem {
  device_id: string;
  name?: string;
  platform?: "ios" | "android" | "web" | "desktop" | "other";
  last_seen_at: number;
  push?: "fcm" | "apns" | "apns_sandbox" | "webpush";
}

export interface DevicesAnswer {
  items: DeviceItem[];
  next_cursor?: string;
}

export interface DirectBody {
  kind: "direct";
  members: string[];
}

/** For whom a redirect is of no use: an image in a page cannot send a token. */
export interface DownloadAnswer {
  url: string;
  expires_in: number;
  name: string;
  content_type: string;
  size: number;
}

/** In pages without `content` once its target was deleted or edited again. */
export interface Edit {
  seq: number;
  at: number;
  sender_id: string;
  client_id?: string;
  type: "edit";
  target_seq: number;
  content?: TextContent | AttachmentContent | SealedContent;
}

export interface EditFrame {
  action: "edit";
  id?: string | null;
  conversation_id: string;
  client_id: string;
  target_seq: number;
  content: TextContent | AttachmentContentInput | SealedContentInput;
}

export interface ErasureBody {
  password: string;
}

/** A frame that was refused, as a whole. */
export interface ErrorFrame {
  type: "error";
  id?: string;
  code: string;
  detail: string;
  retry_after_ms?: number;
  conversation_id?: string;
  client_ids?: string[];
}

/** Ascending and contiguous. The application puts it together of events that are JSON already. */
export interface EventsFrame {
  type: "events";
  conversation_id: string;
  events: WireEvent[];
}

/** Of one that is there, the answer's `Location` says where, or `url`, for whom a redirect is of no use. */
export interface ExportAnswer {
  retry_after_ms?: number;
  url?: string;
}

export interface GroupBody {
  kind: "group";
  title: string;
  members: string[];
  history?: "joined" | "all" | null;
  conversation_id?: string | null;
}

export interface HeadAnswer {
  seq: number;
  at: number;
}

export interface HealthAnswer {
  status: "ok" | "unavailable";
  version: string;
}

export interface InboxAnswer {
  items: ConversationAnswer[];
  next_cursor?: string;
}

/** A JSON Web Key (RFC 7517). */
export interface KeyAnswer {
  kty: string;
  crv: string;
  use: string;
  alg: string;
  kid: string;
  x: string;
  y: string;
}

/** A JSON Web Key Set (RFC 7517, 5). */
export interface KeysAnswer {
  keys: KeyAnswer[];
}

export type MaybeUrl = string | null;

export interface MemberAdded {
  seq: number;
  at: number;
  sender_id: string;
  client_id?: string;
  type: "member_added";
  members: MemberField[];
}

/** All that they have said before it is deleted. */
export interface MemberErased {
  seq: number;
  at: number;
  sender_id: string;
  client_id?: string;
  type: "member_erased";
  user_id: string;
}

export interface MemberField {
  user_id: string;
  role: "owner" | "admin" | "member";
}

export interface MemberItem {
  user_id: string;
  display_name: string;
  role: "owner" | "admin" | "member";
  joined_at: number;
}

export interface MemberRemoved {
  seq: number;
  at: number;
  sender_id: string;
  client_id?: string;
  type: "member_removed";
  user_id: string;
}

export interface MembersAnswer {
  items: MemberItem[];
  next_cursor?: string;
}

/** In pages as it is: without `content` once it was deleted. */
export interface Message {
  seq: number;
  at: number;
  sender_id: string;
  client_id?: string;
  type: "message";
  content?: TextContent | AttachmentContent | SealedContent;
  reply_to?: number;
  mentions?: string[];
  edited_at?: number;
  deleted_at?: number;
  reactions?: ReactionField[];
}

export interface MissedAnswer {
  conversation_id: string;
  events: WireEvent[];
  limited: boolean;
  first_seq: number;
  head_seq: number;
  state_seq: number;
  read_seq: number;
  unread: number;
  muted_until?: number;
  archived: boolean;
  notify: "all" | "mentions" | "none";
}

export interface NewAttachmentAnswer {
  attachment_id: string;
  upload: UploadAnswer;
}

/** A file that is to be uploaded; exactly it will be taken. */
export interface NewAttachmentBody {
  name: string;
  content_type: string;
  size: number;
  sha256: string;
}

/** What `POST /v1/conversations` takes. */
export type NewConversationBody = DirectBody | GroupBody;

export interface NotificationsAnswer {
  previews: boolean;
  mentions_pierce_mute: boolean;
  quiet?: Quiet;
}

/** How one wants to be notified was changed on another of one's devices. */
export interface NotificationsFrame {
  previews: boolean;
  mentions_pierce_mute: boolean;
  quiet?: Quiet;
  type: "notifications";
}

/** What is not named stays; null brings back the default: previews, piercing mentions, no quiet hours. */
export interface NotificationsPatch {
  previews?: boolean | null;
  mentions_pierce_mute?: boolean | null;
  quiet?: Quiet | null;
}

export interface OkFrame {
  type: "ok";
  id: string;
}

export interface OutgoingMessage {
  client_id: string;
  content: TextContent | AttachmentContentInput | SealedContentInput;
  reply_to?: number | null;
  mentions?: string[] | null;
}

export interface PageAnswer {
  events: WireEvent[];
  has_more: boolean;
  first_seq: number;
  head_seq: number;
  state_seq: number;
}

/** Any text may be tried as the current one. */
export interface PasswordBody {
  current: string;
  new: string;
}

export interface PeerAnswer {
  user_id: string;
  display_name: string;
  deleted?: true;
}

export interface PeopleAnswer {
  items: ProfileAnswer[];
  next_cursor?: string;
}

export interface PingFrame {
  action: "ping";
  id?: string | null;
}

export interface PongFrame {
  type: "pong";
  id: string;
  at: number;
  sync?: true;
}

export interface PositionBody {
  seq: number;
  read_seq: number;
}

/** Answers `watch`, with its `id`; afterwards, without one, what has changed. */
export interface PresenceFrame {
  type: "presence";
  id?: string;
  users: PresenceItem[];
}

export interface PresenceItem {
  user_id: string;
  state: "online" | "away" | "offline";
  last_seen_at?: number;
}

/** Whom the asking user may see. */
export interface PresencesAnswer {
  users: PresenceItem[];
}

/** An error as a client sees it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  retry_after_ms?: number;
}

/** A user as others see them. */
export interface ProfileAnswer {
  user_id: string;
  username: string;
  display_name: string;
  avatar?: string;
}

/** What is not named stays; null clears the avatar, and lets everybody add one. Everybody has a display name. */
export interface ProfilePatch {
  display_name?: string;
  avatar?: string | null;
  contactable?: "everybody" | "contacts" | null;
}

export interface ProfilesAnswer {
  items: ProfileAnswer[];
}

/** Where an identity provider signs people in. */
export interface ProviderErasureBody {
  id_token: string;
}

/** Where an identity provider signs people in. */
export interface ProviderSignInBody {
  id_token: string;
  device?: DeviceBody | null;
  refresh?: RefreshBy | null;
}

export interface PushBody {
  provider: "fcm" | "apns" | "apns_sandbox" | "webpush";
  token: string;
}

/** Every day, by the clock of a time zone; may pass midnight. */
export interface Quiet {
  from: string;
  to: string;
  time_zone: string;
}

export interface ReactFrame {
  action: "react";
  id?: string | null;
  conversation_id: string;
  client_id: string;
  target_seq: number;
  reaction: string;
  remove?: boolean | null;
}

export interface Reaction {
  seq: number;
  at: number;
  sender_id: string;
  client_id?: string;
  type: "reaction";
  target_seq: number;
  reaction: string;
  removed?: true;
}

export interface ReactionField {
  reaction: string;
  count: number;
  mine: boolean;
  user_ids: string[];
}

/** Everything up to and including `seq` was read. */
export interface ReadBody {
  seq: number;
}

/** Everything up to and including `seq` was read. */
export interface ReadFrame {
  action: "read";
  id?: string | null;
  conversation_id: string;
  seq: number;
}

export interface ReceiptFrame {
  type: "receipt";
  conversation_id: string;
  receipts: ReceiptItem[];
}

/** How far one member has come; what did not change, or is not shown to this reader, is left out. */
export interface ReceiptItem {
  user_id: string;
  read_seq?: number;
  delivered_seq?: number;
}

/** Without a token, it is in the cookie. */
export interface RefreshBody {
  refresh_token?: string | null;
}

export type RefreshBy = "body" | "cookie";

/** The position is of a conversation that is not readable (any more, or ever). */
export interface RemovedAnswer {
  conversation_id: string;
  removed: true;
}

export interface ReportBody {
  conversation_id: string;
  seq: number;
  reason: string;
}

export interface RoleBody {
  role: "owner" | "admin" | "member";
}

export interface RoleChanged {
  seq: number;
  at: number;
  sender_id: string;
  client_id?: string;
  type: "role_changed";
  user_id: string;
  role: "owner" | "admin" | "member";
}

/** Encrypted by the clients; opaque here. */
export interface SealedContent {
  type: "sealed";
  scheme: string;
  ciphertext: string;
  header?: string;
}

/** Encrypted by the clients; opaque here. */
export interface SealedContentInput {
  type: "sealed";
  scheme: string;
  ciphertext: string;
  header?: string | null;
}

/** 1-20 messages of one sender to one conversation: accepted or refused as a whole. */
export interface SendFrame {
  action: "send";
  id?: string | null;
  conversation_id: string;
  messages: OutgoingMessage[];
}

export interface SessionAnswer {
  session_id: string;
  device_id: string;
  device_name?: string;
  platform?: string;
  created_at: number;
  refreshed_at: number;
  current: boolean;
}

export interface SessionsAnswer {
  items: SessionAnswer[];
  next_cursor?: string;
}

/** How a conversation is to be shown was changed on another of one's devices. */
export interface SettingsFrame {
  type: "settings";
  conversation_id: string;
  muted_until?: number;
  archived: boolean;
  notify: "all" | "mentions" | "none";
}

/** What is not named stays; null clears. */
export interface SettingsPatch {
  muted_until?: number | null;
  archived?: boolean | null;
  notify?: "all" | "mentions" | "none" | null;
}

/** Any text may be tried as name and password: what nobody can have is as wrong as what nobody has. */
export interface SignInBody {
  username: string;
  password: string;
  device?: DeviceBody | null;
  refresh?: RefreshBy | null;
}

export interface SignUpBody {
  username: string;
  password: string;
  display_name?: string | null;
}

export interface SignedInAnswer {
  access_token: string;
  expires_in: number;
  refresh_token?: string;
  user_id: string;
  device_id: string;
  session_id: string;
}

/** The session ended; the connection closes. */
export interface SignedOutFrame {
  type: "signed_out";
}

/** How the user is on this device, until it connects again. */
export interface StatusFrame {
  action: "status";
  id?: string | null;
  state: "online" | "away";
}

export interface SyncAnswer {
  conversations: (MissedAnswer | RemovedAnswer)[];
  next_cursor?: string;
  at: number;
}

export interface SyncBody {
  positions: Record<string, PositionBody>;
  limit?: number | null;
  cursor?: string | null;
}

export interface TextContent {
  type: "text";
  text: string;
}

export interface TicketAnswer {
  ticket: string;
  expires_in: number;
  url: string;
}

export interface TypingFrame {
  action: "typing";
  id?: string | null;
  conversation_id: string;
  state: "started" | "stopped";
}

/** Forgotten after 6 s. */
export interface TypingNoticeFrame {
  type: "typing";
  conversation_id: string;
  user_id: string;
  state: "started" | "stopped";
}

/** A form to post as multipart/form-data: the fields first, then the file as `file`. */
export interface UploadAnswer {
  url: string;
  fields: Record<string, unknown>;
}

/** A user as they see themselves. */
export interface UserAnswer {
  user_id: string;
  username: string;
  display_name: string;
  avatar?: string;
  created_at: number;
  contactable: "everybody" | "contacts";
}

/** Replaces whom this connection watches, for ten minutes; whom the user may not see is left out. */
export interface WatchFrame {
  action: "watch";
  id?: string | null;
  user_ids: string[];
}

/** The key that browsers subscribe with (`applicationServerKey`). */
export interface WebKeyAnswer {
  public_key: string;
}

export type WireEvent =
  | ConversationCreated
  | Message
  | Edit
  | Delete
  | Reaction
  | MemberAdded
  | MemberRemoved
  | MemberErased
  | RoleChanged
  | ConversationChanged;

export type ClientFrame =
  | DeleteFrame
  | DeliveredFrame
  | EditFrame
  | PingFrame
  | ReactFrame
  | ReadFrame
  | SendFrame
  | StatusFrame
  | TypingFrame
  | WatchFrame;

export type ServerFrame =
  | AckFrame
  | ErrorFrame
  | EventsFrame
  | NotificationsFrame
  | OkFrame
  | PongFrame
  | PresenceFrame
  | ReceiptFrame
  | SettingsFrame
  | SignedOutFrame
  | TypingNoticeFrame;
