/* The page: asks for the state each second and draws what is new in it. */
const { element, link, format } = Markdown;
const main = document.getElementById("main");
let state = { version: -1, channels: [], messages: [], requests: 0, refused: 0, complaints: [] };
let isAway = false;
let knownIds = null;
const seen = JSON.parse(sessionStorage.getItem("seen") || "{}");

const icon = (path, size, title) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", width: size, height: size, fill: "none",
    stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round" })) svg.setAttribute(name, value);
  const drawn = document.createElementNS(svg.namespaceURI, "path");
  drawn.setAttribute("d", path);
  if (title) svg.append(Object.assign(document.createElementNS(svg.namespaceURI, "title"), { textContent: title }));
  svg.append(drawn);
  return svg;
};
const icons = {
  out: () => icon("M14 4h6v6M20 4l-9 9M18 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h5", 15),
  silent: () => icon("M9 20a3 3 0 0 0 6 0M6.5 7.5C6 9 6 11 5.5 13 5 15 4 16 4 16.500h13M9 4.800A6 6 0 0 1 18 10c0 2 .4 3.300.8 4.300M3 3l18 18", 15, "Sent silently: nobody was notified"),
  grid: () => icon("M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z", 17),
};

const chosen = () => {
  const name = decodeURIComponent(location.hash.slice(1));
  if (name === "all" || state.channels.includes(name)) return name;
  return matchMedia("(min-width: 1100px)").matches ? "all" : state.channels[0] || "all";
};
const shownChannels = () => chosen() === "all" ? state.channels : [chosen()];
const messagesOf = (channel) => state.messages.filter((each) => each.channel === channel);

function drawSidebar() {
  const row = (name, sign, label, unread, isLoud) => {
    const made = element("a", unread ? "channel unread" : "channel", element("span", "sign", sign), element("span", "label", label));
    made.href = `#${encodeURIComponent(name)}`;
    if (name === chosen()) made.setAttribute("aria-current", "page");
    if (unread) made.append(element("span", isLoud ? "badge loud" : "badge", unread > 99 ? "99+" : String(unread)));
    return made;
  };
  const rows = state.channels.map((channel) => {
    const unread = messagesOf(channel).filter((each) => each.id > (seen[channel] || ""));
    return row(channel, "#", channel, unread.length, unread.some((each) => each.mentions.length && !each.isSilent));
  });
  document.getElementById("channels").replaceChildren(
    row("all", icons.grid(), "all channels", 0), element("h2", "", "Text channels"), ...rows);
  const total = state.channels.reduce((sum, channel) => sum + messagesOf(channel).filter((each) => each.id > (seen[channel] || "")).length, 0);
  document.title = `${total ? `(${total}) ` : ""}${chosen() === "all" ? "All channels" : `#${chosen()}`} · Discord stand-in`;
}

function drawStatus() {
  const status = document.getElementById("status");
  const count = (number, word) => [element("b", "", String(number)), ` ${word}`];
  const wasOpen = status.querySelector("details")?.open;
  status.className = isAway ? "status away" : "status";
  status.replaceChildren(element("span", "dot"), isAway ? "Server is away, trying again…" : "",
    ...(isAway ? [] : [...count(state.requests, "requests, "), ...count(state.refused, "refused")]));
  if (!state.complaints.length) return;
  const list = element("ul", "", ...state.complaints.map((each) => element("li", "", each)));
  const details = element("details", "", element("summary", "", `${state.complaints.length} ${state.complaints.length === 1 ? "complaint" : "complaints"}`), list);
  details.open = wasOpen || false;
  status.append(details);
}

function drawFields(fields) {
  const made = element("div", "fields");
  for (let start = 0; start < fields.length; ) {
    let end = start + 1;
    while (fields[start].inline && end < fields.length && fields[end].inline && end - start < 3) end += 1;
    for (const field of fields.slice(start, end)) {
      const cell = element("div", "", element("div", "field-name", Markdown.render(field.name)), Markdown.render(field.value));
      cell.style.setProperty("--span", 12 / (end - start));
      made.append(cell);
    }
    start = end;
  }
  return made;
}

function drawEmbed(embed) {
  const made = element("div", "embed");
  const titled = (text, url) => url ? link(url, Markdown.inline(text, { mentions: [], isLink: true })) : Markdown.inline(text, { mentions: [] });
  if (Number.isInteger(embed.color) && embed.color) made.style.setProperty("--bar", `#${embed.color.toString(16).padStart(6, "0")}`);
  if (embed.author?.name) made.append(element("div", "author", embed.author.url ? link(embed.author.url, embed.author.name) : embed.author.name));
  if (embed.title) made.append(element("div", "title", titled(embed.title, embed.url)));
  if (embed.description) made.append(element("div", "description", Markdown.render(embed.description)));
  if (embed.fields?.length) made.append(drawFields(embed.fields));
  const footer = [embed.footer?.text, embed.timestamp && when(new Date(embed.timestamp))].filter(Boolean);
  if (footer.length) made.append(element("div", "footer", footer.join("  •  ")));
  return made;
}

function drawComponents(components, context) {
  return components.map((row) => {
    if (row.type === 10) return Markdown.render(row.content || "", context);
    if (row.type !== 1) return element("div", row.type === 17 ? "embed" : "", ...drawComponents(row.components || [], context));
    return element("div", "buttons", ...row.components.map((button) => {
      const made = link(button.url || "", `${button.emoji?.name ? `${button.emoji.name} ` : ""}${button.label || ""}`, icons.out());
      made.className = button.disabled ? "button disabled" : "button";
      return made;
    }));
  });
}

const dayOf = (milliseconds) => new Date(milliseconds).toDateString();
function when(date) {
  const days = Math.round((new Date(new Date().toDateString()) - new Date(date.toDateString())) / 86400000);
  const time = format(date, "t");
  return days === 0 ? time : days === 1 ? `Yesterday at ${time}` : `${format(date, "d")} ${time}`;
}

function drawMessage(message, follows) {
  const posted = new Date(message.postedAt);
  const made = element("div", `message${follows ? " follows" : ""}${message.mentions.length ? " pings" : ""}`);
  const time = element("time", follows ? "side" : "", follows ? format(posted, "t") : when(posted));
  time.dateTime = posted.toISOString();
  time.title = format(posted, "F");
  const silent = message.isSilent ? [element("span", "silent", icons.silent())] : [];
  if (follows) made.append(time);
  else made.append(element("div", "heading", element("span", "avatar"), element("span", "name", message.name), element("span", "app", "APP"), time, ...silent));
  const text = Markdown.render(message.content, message);
  if (message.editedAt) {
    const edited = element("span", "edited", "(edited)");
    edited.title = format(new Date(message.editedAt), "F");
    (text.lastChild?.nodeName === "DIV" ? text.lastChild : text).append(edited);
  }
  made.append(text, ...message.embeds.map(drawEmbed), ...drawComponents(message.components, message));
  return made;
}

function welcome(channel) {
  return element("div", "welcome", element("div", "circle", "#"), element("h1", "", `Welcome to #${channel}!`),
    element("p", "", "All quiet. What is posted to this channel’s webhook shows up here within a second."));
}

function drawColumn(channel) {
  const title = element("a", "", channel);
  title.href = `#${encodeURIComponent(channel)}`;
  const messages = messagesOf(channel);
  const log = element("div", "log");
  log.setAttribute("role", "log");
  log.setAttribute("aria-label", `#${channel}`);
  log.dataset.channel = channel;
  if (!messages.length) log.append(welcome(channel));
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    const isNewDay = !before || dayOf(before.postedAt) !== dayOf(message.postedAt);
    if (isNewDay) log.append(element("div", "day", element("span", "", format(new Date(message.postedAt), "D"))));
    const isBare = (each) => !each.embeds.length && !each.components.length && !each.isSilent;
    const follows = !isNewDay && before.name === message.name && message.postedAt - before.postedAt < 420000 && isBare(before) && isBare(message);
    const drawn = drawMessage(message, follows);
    if (knownIds && knownIds.get(message.id) !== message.editedAt) drawn.classList.add("fresh");
    log.append(drawn);
  });
  const topic = element("span", "topic", messages.length === 1 ? "1 message" : `${messages.length} messages`);
  return element("section", "column", element("header", "", element("span", "sign", "#"), title, topic), log);
}

function drawMain() {
  const logs = () => [...main.querySelectorAll(".log")];
  const places = new Map(logs().map((log) => [log.dataset.channel, log.scrollHeight - log.scrollTop - log.clientHeight < 40 ? Infinity : log.scrollTop]));
  const channels = shownChannels();
  main.className = chosen() === "all" ? "main grid" : "main";
  main.replaceChildren(...channels.map(drawColumn));
  logs().forEach((log) => { log.scrollTop = Math.min(places.get(log.dataset.channel) ?? Infinity, log.scrollHeight); });
  if (!document.hidden) channels.forEach((channel) => { seen[channel] = messagesOf(channel).at(-1)?.id || seen[channel] || ""; });
  sessionStorage.setItem("seen", JSON.stringify(seen));
  knownIds = state.version < 0 ? null : new Map(state.messages.map((each) => [each.id, each.editedAt]));
}

function draw() {
  drawMain();
  drawSidebar();
  drawStatus();
}

async function refresh() {
  try {
    const answer = await fetch(`state.json?version=${state.version}`, { cache: "no-store" });
    const fresh = await answer.json();
    const wasAway = isAway;
    isAway = false;
    if (fresh.messages) { state = fresh; draw(); } else if (wasAway) drawStatus();
  } catch {
    isAway = true;
    drawStatus();
  }
  setTimeout(refresh, 1000);
}

addEventListener("hashchange", draw);
document.addEventListener("visibilitychange", () => { if (!document.hidden) draw(); });
setInterval(Markdown.tick, 1000);
refresh();
