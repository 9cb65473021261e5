/* Discord's markdown as DOM nodes. Foreign text becomes text nodes and nothing else; links are http(s) alone. */
const Markdown = (() => {
  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };
  const link = (url, ...children) => {
    if (!/^https?:\/\//i.test(url)) return element("span", "", ...children);
    const made = element("a", "", ...children);
    made.href = url;
    made.target = "_blank";
    made.rel = "noreferrer noopener";
    return made;
  };

  const zones = { f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
    d: { dateStyle: "short" }, D: { dateStyle: "long" }, t: { timeStyle: "short" }, T: { timeStyle: "medium" } };
  const format = (date, style) => new Intl.DateTimeFormat(undefined, zones[style] || zones.f).format(date);
  const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const relative = (date) => {
    const seconds = Math.round((date - Date.now()) / 1000);
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) || units.at(-1);
    return new Intl.RelativeTimeFormat("en", { numeric: unit === "second" || unit === "day" ? "auto" : "always" })
      .format(Math.trunc(seconds / size), unit);
  };
  const timestamp = (seconds, style = "f") => {
    const date = new Date(seconds * 1000);
    if (Number.isNaN(date.getTime())) return "Invalid Date";
    const made = element("time", "", style === "R" ? relative(date) : format(date, style));
    made.dateTime = date.toISOString();
    made.title = format(date, "F");
    if (style === "R") made.dataset.relative = date.getTime();
    return made;
  };
  const tick = () => document.querySelectorAll("time[data-relative]").forEach((each) => {
    const text = relative(new Date(Number(each.dataset.relative)));
    if (each.textContent !== text) each.textContent = text;
  });

  const mention = (kind, value, shown, context) => {
    const isAllowed = context.mentions.includes(value ? `${kind}:${value}` : kind);
    return isAllowed || value ? element("span", isAllowed ? "mention" : "mention quiet", shown) : shown;
  };
  const wrap = (name, className) => ([, inner], context) => element(name, className, inline(inner, context));
  const spans = [
    [/^\\([^0-9A-Za-z\s])/, ([, sign]) => sign],
    [/^(`+)([\s\S]*?[^`])\1(?!`)/, ([, , code]) => element("code", "", code.trim())],
    [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, ([, seconds, style]) => timestamp(Number(seconds), style)],
    [/^<@&(\d+)>/, ([, id], context) => mention("role", id, `@role ${id.slice(-4)}`, context)],
    [/^<@!?(\d+)>/, ([, id], context) => mention("user", id, `@user ${id.slice(-4)}`, context)],
    [/^<#(\d+)>/, ([, id]) => element("span", "mention quiet", `#${id.slice(-4)}`)],
    [/^@(everyone|here)/, ([all, kind], context) => mention(kind, "", all, context)],
    [/^<a?:(\w+):\d+>/, ([, name]) => `:${name}:`],
    [/^<(https?:\/\/[^\s<>]+)>/, ([, url]) => link(url, url)],
    [/^\[((?:\\.|[^\]\\\n])+)\]\(\s*<?(https?:\/\/(?:\([^\s()]*\)|[^\s()<>])+)>?\s*\)/,
      ([, label, url], context) => link(url, inline(label, { ...context, isLink: true }))],
    [/^https?:\/\/[^\s<]*[^\s<.,:;"'\])}*_~|\\]/, ([url], context) => context.isLink ? url : link(url, url)],
    [/^\*\*\*((?:\\[\s\S]|[^\\])+?)\*\*\*(?!\*)/, ([, inner], context) => element("strong", "", element("em", "", inline(inner, context)))],
    [/^\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/, wrap("strong")],
    [/^__((?:\\[\s\S]|[^\\])+?)__(?!_)/, wrap("u")],
    [/^~~((?:\\[\s\S]|[^\\])+?)~~/, wrap("s")],
    [/^\|\|((?:\\[\s\S]|[^\\])+?)\|\|/, wrap("span", "spoiler")],
    [/^\*(?=\S)((?:\\[\s\S]|[^\\*])*?(?:\\[\s\S]|[^\\\s*]))\*(?!\*)/, wrap("em")],
    [/^_(?=\S)((?:\\[\s\S]|[^\\_])*?(?:\\[\s\S]|[^\\\s_]))_(?!\w)/, wrap("em"), (before) => !/\w/.test(before)],
  ];
  const plain = /^[\s\S](?:(?!https?:\/\/)[^\\`<@[*_~|])*/;

  function inline(text, context) {
    const made = document.createDocumentFragment();
    let before = "";
    while (text) {
      let match = null;
      const rule = spans.find(([pattern, , fits]) => (!fits || fits(before)) && (match = pattern.exec(text)));
      if (!rule) match = plain.exec(text);
      made.append(rule ? rule[1](match, context) : match[0]);
      before = match[0].at(-1);
      text = text.slice(match[0].length);
    }
    return made;
  }

  const shell = /(?<comment>(?<=^|\s)#[^\n]*)|(?<string>"(?:\\.|[^"\\])*"|'[^']*')|(?<variable>\$\{?\w+\}?)|(?<option>(?<=\s)--?[a-zA-Z][\w-]*)/gm;
  const diff = /(?<plus>^\+[^\n]*)|(?<minus>^-[^\n]*)/gm;
  const languages = { sh: shell, bash: shell, shell, zsh: shell, console: shell, py: shell, python: shell, diff };
  const highlighted = (code, language) => {
    const pattern = languages[(language || "").toLowerCase()];
    const made = element("code");
    let done = 0;
    for (const match of pattern ? code.matchAll(pattern) : []) {
      const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
      made.append(code.slice(done, match.index), element("span", `code-${kind}`, match[0]));
      done = match.index + match[0].length;
    }
    made.append(code.slice(done));
    return element("pre", "", made);
  };

  const item = /^(\s*)([-*]|\d+\.)\s+(.*)$/;
  function list(lines, context) {
    const indent = item.exec(lines[0])[1].length;
    const isOrdered = /\d/.test(item.exec(lines[0])[2]);
    const made = element(isOrdered ? "ol" : "ul");
    if (isOrdered) made.start = parseInt(item.exec(lines[0])[2], 10);
    while (lines.length) {
      const [, space, , text] = item.exec(lines[0]);
      if (space.length < indent) break;
      if (space.length > indent + 1 && made.lastChild) made.lastChild.append(list(lines, context));
      else { made.append(element("li", "", inline(text, context))); lines.shift(); }
    }
    return made;
  }

  function blocks(text, made, context) {
    const lines = text.split("\n");
    let open = [];
    const flush = () => {
      if (open.length) made.append(element("div", "", inline(open.join("\n") + (open.at(-1) ? "" : "\n"), context)));
      open = [];
    };
    const taken = (pattern) => { const some = []; while (lines.length && pattern.test(lines[0])) some.push(lines.shift()); return some; };
    while (lines.length) {
      const line = lines[0];
      let match;
      if ((match = /^(#{1,3}) +(\S.*)$/.exec(line))) { flush(); made.append(element(`h${match[1].length}`, "", inline(match[2], context))); lines.shift(); }
      else if ((match = /^-# +(\S.*)$/.exec(line))) { flush(); made.append(element("div", "subtext", inline(match[1], context))); lines.shift(); }
      else if (/^>>> /.test(line)) { flush(); made.append(quote(lines.splice(0).join("\n").slice(4), context)); }
      else if (/^> /.test(line)) { flush(); made.append(quote(taken(/^> /).map((each) => each.slice(2)).join("\n"), context)); }
      else if (item.test(line)) { flush(); const items = taken(item); while (items.length) made.append(list(items, context)); }
      else open.push(lines.shift());
    }
    flush();
  }
  const quote = (text, context) => { const made = element("blockquote"); blocks(text, made, context); return made; };

  function render(text, context = { mentions: [] }) {
    const made = element("div", "text");
    let rest = String(text);
    for (let match; (match = /```(?:([\w+.#-]+)\n)?\n*([\s\S]*?)\n*```/.exec(rest)); ) {
      const before = rest.slice(0, match.index).replace(/\n$/, "");
      if (before) blocks(before, made, context);
      made.append(highlighted(match[2], match[1]));
      rest = rest.slice(match.index + match[0].length).replace(/^\n/, "");
    }
    if (rest) blocks(rest, made, context);
    return made;
  }
  return { element, link, render, inline, format, tick };
})();
