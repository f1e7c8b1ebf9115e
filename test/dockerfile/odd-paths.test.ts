import { expect, test } from 'vitest';
import { oddPaths } from '../../src/dockerfile/problems/odd-paths.ts';

test.each([
  ["['a', 'b'] /x", /^this is no JSON array, so each word is a path: strings take double quotes$/],
  ['["a" "b"]', /: a comma is missing between two strings$/],
  ['["a", "b",] /x', /: a comma stands before its closing bracket$/],
  ['["a", "b"] /x', /: "\/x" stands behind its closing bracket$/],
  ['["a", "b", "/x"', /: its closing bracket is missing$/],
  ['[ "c:\\win", "/x"]', /: a backslash in a string is written twice$/],
  ['["a", b, "/x"]', /: it is made of strings in double quotes, with commas between$/],
  ['a /b # c', /^a # behind an instruction does not begin a comment, .*: a comment needs a line of its own$/],
  ['a /b #c', /does not begin a comment/],
])('paths that look like something else: %j', (text, help) => {
  expect(oddPaths(text, text.split(' '))).toMatch(help);
});

test.each(['#a /b', 'a b /c', '[a-c]*.txt /d', 'a# /b', '[#]a /b'])('paths: %j', (text) => {
  expect(oddPaths(text, text.split(' '))).toBeUndefined();
});
