/** Writes an SVG file with a light and a dark mode. It has its own background, so it is readable on any page. */

/** Colours by CSS selector. */
export type Colours = Record<string, { readonly property: string; readonly light: string; readonly dark: string }[]>;

export interface Svg {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly colours: Colours;
  readonly style: string;
  readonly parts: string[];
}

export function svg({ title, width, height, colours, style, parts }: Svg): string {
  const rules = (mode: 'light' | 'dark') => Object.entries(colours)
    .map(([selector, values]) => `${selector}{${values.map(value => `${value.property}:${value[mode]}`).join(';')}}`).join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
  <title id="title">${escaped(title)}</title>
  <style>
    ${style}
    ${rules('light')}
    @media (prefers-color-scheme:dark){${rules('dark')}}
  </style>
  <rect class="page" width="${width}" height="${height}" rx="8"/>
${parts.map(part => `  ${part}`).join('\n')}
</svg>
`;
}

export function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
