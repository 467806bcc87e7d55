/**
 * Captions: words cut into what fits a screen and can be read in time; SubRip and WebVTT.
 *
 * Two lines of 42 characters, shown for one to seven seconds, cut where the speaker pauses or a
 * sentence ends: the rules, and the results, of `oyez transcribe --format srt`.
 */

import { joined, words } from "./transcript.js";

const LINE_CHARACTERS = 42;
const LINES = 2;
const MIN_MS = 1_000;
const MAX_MS = 7_000;
/** A pause this long always begins a new caption. */
const PAUSE_MS = 800;
/** How long a caption stays after its last word, when there is time. */
const LINGER_MS = 300;

const SENTENCE_END = /[.?!…。？！؟।]["'”’)\]»」』]*$/u;
const CLAUSE_END = /[,;:—、，；：،]["'”’)\]»」』]*$/u;

// What a cut costs; the cheapest set of cuts wins.
const CAPTION_COST = 10;
const CLAUSE_COST = 8;
const PLAIN_COST = 30;
const SHORT_COST = 20;

/**
 * Cut a transcript into captions, in order and without overlap.
 *
 * @returns {{lines: string[], startMs: number, endMs: number, speaker: ?string}[]}
 */
export function captions(tokens) {
  const groups = runs(words(tokens)).flatMap(cut);
  let earliestMs = 0;
  return groups.map((group, index) => {
    const startMs = Math.max(group[0].startMs, earliestMs);
    const saidMs = Math.max(group.at(-1).endMs, startMs + 1);
    let endMs = Math.max(saidMs + LINGER_MS, startMs + MIN_MS);
    const next = groups[index + 1];
    if (next) endMs = Math.min(endMs, Math.max(next[0].startMs, startMs + 1));
    endMs = Math.min(endMs, startMs + MAX_MS);
    earliestMs = endMs;
    return { lines: lines(group), startMs, endMs, speaker: group[0].speaker };
  });
}

/** Return captions as a SubRip file. */
export function srt(shown) {
  return shown
    .map(({ lines, startMs, endMs }, index) => {
      const times = `${clock(startMs, ",")} --> ${clock(endMs, ",")}`;
      return `${index + 1}\n${times}\n${lines.join("\n")}\n`;
    })
    .join("\n");
}

/** Return captions as a WebVTT file. */
export function vtt(shown) {
  const blocks = shown.map(({ lines, startMs, endMs, speaker }) => {
    const times = `${clock(startMs, ".")} --> ${clock(endMs, ".")}`;
    const voice = speaker === null ? "" : `<v Speaker ${escaped(speaker)}>`;
    return `${times}\n${voice}${lines.map(escaped).join("\n")}\n`;
  });
  return ["WEBVTT\n", ...blocks].join("\n");
}

const escaped = (text) =>
  text.replace(/[&<>]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character]);

function clock(ms, mark) {
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  const rest = String(ms % 1_000).padStart(3, "0");
  const [hours, minutes, seconds] = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1_000) % 60];
  return `${two(hours)}:${two(minutes)}:${two(seconds)}${mark}${rest}`;
}

/** Split where a new caption must begin: at endpoints, new speakers and long pauses. */
function runs(said) {
  const found = [];
  for (const word of said) {
    const previous = found.at(-1)?.at(-1);
    const goesOn =
      previous?.paragraph === word.paragraph && word.startMs - previous.endMs < PAUSE_MS;
    if (goesOn) found.at(-1).push(word);
    else found.push([word]);
  }
  return found;
}

/** Cut a run into captions at the least cost, counted from its end. */
function cut(run) {
  const count = run.length;
  const best = Array(count + 1).fill(0);
  const ends = Array(count).fill(count);
  for (let start = count - 1; start >= 0; start -= 1) {
    best[start] = Infinity;
    for (let end = start + 1; end <= count; end += 1) {
      const group = run.slice(start, end);
      if (end - start > 1 && !fits(group)) break;
      const cost = best[end] + price(group, end === count);
      if (cost < best[start]) [best[start], ends[start]] = [cost, end];
    }
  }
  const groups = [];
  for (let start = 0; start < count; start = ends[start]) groups.push(run.slice(start, ends[start]));
  return groups;
}

const fits = (group) =>
  group.at(-1).endMs - group[0].startMs <= MAX_MS && lineCount(group) <= LINES;

function price(group, isLast) {
  const last = group.at(-1).text;
  let cost = CAPTION_COST;
  if (!isLast && !SENTENCE_END.test(last)) cost += CLAUSE_END.test(last) ? CLAUSE_COST : PLAIN_COST;
  if (group.at(-1).endMs - group[0].startMs < MIN_MS) cost += SHORT_COST;
  // Sentences that share a caption are better apart when each has the time to be read.
  const inside = group.slice(0, -1).filter((word) => SENTENCE_END.test(word.text)).length;
  return cost + CAPTION_COST * inside;
}

/** How many characters a text has, counted as people do rather than in UTF-16. */
const length = (text) => [...text].length;

/** How many lines the words fill, one after the other. */
function lineCount(group) {
  let count = 0;
  let width = Infinity;
  for (const word of group) {
    const added = length(word.text) + Number(word.hasSpaceBefore);
    if (width + added <= LINE_CHARACTERS) {
      width += added;
    } else {
      count += 1;
      width = length(word.text);
    }
  }
  return count;
}

/** Lay a caption out: one line if it fits, else two of similar length, cut after a comma. */
function lines(group) {
  const whole = joined(group);
  if (length(whole) <= LINE_CHARACTERS || group.length === 1) return [whole];
  let best = null;
  for (let at = 1; at < group.length; at += 1) {
    const pair = [joined(group.slice(0, at)), joined(group.slice(at))];
    const [upper, lower] = pair.map(length);
    if (at > 1 && upper > LINE_CHARACTERS) break;
    if (lower > LINE_CHARACTERS && at < group.length - 1) continue;
    const before = group[at - 1].text;
    const isFree = SENTENCE_END.test(before) || CLAUSE_END.test(before);
    const badness = Math.abs(upper - lower) - (isFree ? 12 : 0);
    if (best === null || badness < best.badness) best = { badness, pair };
  }
  return best.pair;
}
