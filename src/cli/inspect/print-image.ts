import type { ImageReport } from '../../inspect/report.ts';
import { printBytes } from '../../progress/text/quantities.ts';
import { type Field, fieldLines } from './field-lines.ts';
import { cut, type Look, oneLine, paint } from './look.ts';
import { shortTime } from './short.ts';

/** Who the image is, its config and its annotations. */
export function imageLines({ image, config, annotations, size }: ImageReport, look: Look): string[] {
  const { stored, content, visible } = size;
  const names = image.names.filter((name) => name !== image.reference);
  const health = config.Healthcheck?.Test;
  return [
    paint(look, 'bold', cut(look, oneLine(image.reference))),
    ...fieldLines(look, [
      ['kind', image.kind],
      ['names', names.length === 0 ? undefined : names.join(', ')],
      ['platform', image.platform],
      ['created', image.created === null ? undefined : shortTime(image.created)],
      ['author', image.author ?? undefined],
      ['manifest', image.manifestDigest ?? undefined],
      ['config', image.configDigest],
      [
        'size',
        `${printBytes(stored)} stored, ${printBytes(content)} of files, ${printBytes(visible)} visible`,
      ],
    ]),
    ...section(look, 'Config', [
      ['user', config.User],
      ['workdir', config.WorkingDir],
      ['entrypoint', json(config.Entrypoint)],
      ['cmd', json(config.Cmd)],
      ['shell', json(config.Shell)],
      ...(config.Env ?? []).map((value): Field => ['env', value]),
      ...Object.keys(config.ExposedPorts ?? {}).map((value): Field => ['port', value]),
      ...Object.keys(config.Volumes ?? {}).map((value): Field => ['volume', value]),
      ...Object.entries(config.Labels ?? {}).map(([name, value]): Field => ['label', `${name}=${value}`]),
      ['stop signal', config.StopSignal],
      ['health', json(health)],
      ...(config.OnBuild ?? []).map((value): Field => ['onbuild', value]),
    ]),
    ...section(
      look,
      'Annotations',
      Object.entries(annotations).map(([name, value]): Field => ['', `${name}=${value}`]),
    ),
  ];
}

function section(look: Look, title: string, fields: readonly Field[]): string[] {
  const lines = fieldLines(look, fields);
  return lines.length === 0 ? [] : ['', paint(look, 'bold', title), ...lines];
}

function json(words: readonly string[] | undefined): string | undefined {
  return words === undefined || words.length === 0 ? undefined : JSON.stringify(words);
}
