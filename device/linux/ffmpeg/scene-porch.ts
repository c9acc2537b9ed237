/** The drawing's own units; below `visibleHeight` there is only floor. */
export const SCENE = { width: 1280, height: 720, visibleHeight: 664, horizon: 300 } as const;

/** The porch as a doorbell sees it, without anybody on it: the content of an SVG of `SCENE`'s size. */
export function porchSvg(): string {
  return [sky(), across(), street(), garden(), path(), fenceSvg(), porch()].join("");
}

function sky(): string {
  return `
<defs>
  <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#6fb1e4"/><stop offset="1" stop-color="#e6f2f6"/>
  </linearGradient>
  <linearGradient id="lawn" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#8dbb62"/><stop offset="1" stop-color="#5e9446"/>
  </linearGradient>
  <linearGradient id="post" x1="0" y1="0" x2="1" y2="0">
    <stop offset="0" stop-color="#d7d2c6"/><stop offset=".35" stop-color="#fbf8f1"/><stop offset="1" stop-color="#bdb6a6"/>
  </linearGradient>
  <linearGradient id="floor" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#a98c6c"/><stop offset="1" stop-color="#7d6248"/>
  </linearGradient>
</defs>
<rect width="1280" height="320" fill="url(#sky)"/>
<circle cx="1010" cy="120" r="38" fill="#fff4c8"/>
<g fill="#fff" opacity=".85">${cloud(330, 120, 1)}${cloud(820, 92, 0.7)}${cloud(1120, 190, 0.6)}</g>`;
}

function cloud(x: number, y: number, size: number): string {
  return `<g transform="translate(${x} ${y}) scale(${size})">
<ellipse rx="70" ry="20"/><ellipse cx="-30" cy="-14" rx="34" ry="22"/><ellipse cx="18" cy="-22" rx="42" ry="28"/></g>`;
}

/** The houses and trees on the other side of the street. */
function across(): string {
  return `
${tree(210, 318, 1.15, "#5c8f4d")}${tree(1075, 318, 1.25, "#6a9a4f")}${tree(935, 318, 0.8, "#4f8247")}
<g>
  <rect x="330" y="198" width="250" height="122" fill="#e9dcc3"/>
  <path d="M312 204 L455 128 L598 204 Z" fill="#9c4f3c"/>
  <path d="M312 204 L455 128 L598 204 L598 210 L312 210 Z" fill="#7d3d2f"/>
  <path d="M318 202 L455 130 L592 202 Z" fill="#a85a45"/>
  <rect x="512" y="128" width="24" height="52" fill="#8a6a58"/>
  ${sash(352, 226)}${sash(514, 226)}
  <rect x="434" y="236" width="42" height="84" fill="#3f6473"/><circle cx="468" cy="280" r="3" fill="#e3c46a"/>
  <rect x="426" y="228" width="58" height="8" fill="#fff"/>
</g>
<g>
  <rect x="690" y="214" width="200" height="106" fill="#c9d5d6"/>
  <path d="M676 218 L716 156 L864 156 L904 218 Z" fill="#56646f"/>
  ${sash(712, 238)}${sash(820, 238)}
  <rect x="774" y="250" width="34" height="70" fill="#8c3f3f"/>
</g>
<g fill="#4c7a40">
  <rect x="0" y="292" width="320" height="30" rx="12"/><rect x="604" y="296" width="78" height="26" rx="10"/>
  <rect x="910" y="294" width="370" height="28" rx="12"/>
</g>`;
}

function sash(x: number, y: number): string {
  return `<rect x="${x}" y="${y}" width="50" height="48" fill="#fff"/>
<rect x="${x + 4}" y="${y + 4}" width="42" height="40" fill="#8fb4c9"/>
<path d="M${x + 25} ${y + 4}V${y + 44}M${x + 4} ${y + 24}H${x + 46}" stroke="#fff" stroke-width="3"/>
<path d="M${x + 8} ${y + 40}L${x + 22} ${y + 8}" stroke="#cfe3ee" stroke-width="4" opacity=".7"/>`;
}

function tree(x: number, y: number, size: number, leaf: string): string {
  return `<g transform="translate(${x} ${y}) scale(${size})">
<path d="M-7 0L-4 -70H4L7 0Z" fill="#6d5240"/>
<g fill="${leaf}"><circle cy="-105" r="46"/><circle cx="-36" cy="-80" r="34"/><circle cx="36" cy="-82" r="36"/></g>
<g fill="#fff" opacity=".12"><circle cx="-14" cy="-120" r="24"/><circle cx="26" cy="-98" r="16"/></g></g>`;
}

function street(): string {
  return `
<rect y="316" width="1280" height="14" fill="#b9b6ae"/>
<rect y="328" width="1280" height="34" fill="#71757b"/>
<path d="M0 345H1280" stroke="#e9e5d6" stroke-width="3" stroke-dasharray="46 34"/>
<g transform="translate(150 340)">
  <path d="M-74 6Q-74 -16 -50 -18L-28 -40H26L50 -18Q76 -14 76 6Z" fill="#c14b3a"/>
  <path d="M-40 -19L-22 -35H-2V-19ZM4 -35H22L40 -19H4Z" fill="#d5e6ee"/>
  <g fill="#2b2d30"><circle cx="-44" cy="8" r="13"/><circle cx="46" cy="8" r="13"/></g>
  <g fill="#a9adb2"><circle cx="-44" cy="8" r="6"/><circle cx="46" cy="8" r="6"/></g>
</g>
<rect y="360" width="1280" height="6" fill="#d9d5cb"/>
<rect y="366" width="1280" height="26" fill="#c3beb2"/>
<path d="${[...Array(17).keys()].map((i) => `M${i * 80} 366l-14 26`).join("")}" stroke="#a8a397" stroke-width="2"/>`;
}

function garden(): string {
  const flowers = [
    [70, 470, "#e5586a"],
    [130, 520, "#f4d35e"],
    [205, 470, "#f08cae"],
    [260, 540, "#e5586a"],
    [330, 470, "#f4d35e"],
    [400, 505, "#fff"],
    [880, 505, "#fff"],
    [955, 470, "#e5586a"],
    [1020, 540, "#f4d35e"],
    [1090, 480, "#f08cae"],
    [1150, 530, "#e5586a"],
    [1215, 470, "#fff"],
  ] as const;
  return `
<rect y="390" width="1280" height="330" fill="url(#lawn)"/>
<g fill="#7fb058" opacity=".55">${[0, 1, 2, 3].map((i) => `<path d="M0 ${410 + i * i * 22}H1280v${9 + i * 7}H0Z"/>`).join("")}</g>
<g fill="#4b7d3c"><ellipse cx="190" cy="520" rx="250" ry="48"/><ellipse cx="1090" cy="520" rx="250" ry="48"/></g>
<g fill="#5d9149"><ellipse cx="190" cy="508" rx="230" ry="40"/><ellipse cx="1090" cy="508" rx="230" ry="40"/></g>
${flowers.map(([x, y, petal]) => flower(x, y, petal)).join("")}`;
}

function flower(x: number, y: number, petal: string): string {
  const at = [
    [0, -9],
    [9, -2],
    [5, 8],
    [-5, 8],
    [-9, -2],
  ] as const;
  return `<g transform="translate(${x} ${y})"><path d="M0 6V34" stroke="#3d6a31" stroke-width="4"/>
<g fill="${petal}">${at.map(([dx, dy]) => `<circle cx="${dx}" cy="${dy}" r="8"/>`).join("")}</g>
<circle r="6" fill="#f2b134"/></g>`;
}

function path(): string {
  return `
<path d="M612 392H668L800 640H480Z" fill="#cdbfa8"/>
<path d="M612 392L480 640H494L617 392ZM668 392L800 640H786L663 392Z" fill="#a69880"/>
<g stroke="#b3a58d" stroke-width="3">${[406, 424, 448, 480, 522, 574]
    .map((y) => `<path d="M${640 - 26 - (y - 392) * 0.52} ${y}H${640 + 26 + (y - 392) * 0.52}"/>`)
    .join("")}</g>`;
}

/** A picket fence with an open gate where the path meets the pavement. */
export function fenceSvg(): string {
  const pickets = (from: number, to: number) =>
    [...Array(Math.floor((to - from) / 22)).keys()]
      .map((i) => `<path d="M${from + i * 22} 412v-50l6 -8 6 8v50Z"/>`)
      .join("");
  return `
<g fill="#f6f4ee" stroke="#c9c4b6" stroke-width="1">
  <rect y="372" width="590" height="7"/><rect y="394" width="590" height="7"/>${pickets(6, 590)}
  <rect x="690" y="372" width="590" height="7"/><rect x="690" y="394" width="590" height="7"/>${pickets(694, 1276)}
  <path d="M676 350h14v68h-14ZM590 350h14v68h-14Z" fill="#fffdf8"/>
  <path d="M604 366L622 376V424L604 410Z" fill="#e5e1d5"/><path d="M608 371V412M613 373V416M618 376V420" stroke="#b5af9f" fill="none"/>
</g>
<g fill="#fffdf8" stroke="#c9c4b6"><circle cx="683" cy="346" r="7"/><circle cx="597" cy="346" r="7"/></g>`;
}

/** What stands around the camera: posts, rails, beam, steps and the porch's floor. */
function porch(): string {
  const boards = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((i) => `M${640 + i * 100} 606L${640 + i * 178} 720`);
  return `
<path d="M440 560H840L856 584H424Z" fill="#b9b3a6"/><path d="M424 584H856V596H424Z" fill="#8f897c"/>
<path d="M404 596H876L896 622H384Z" fill="#c8c2b4"/><path d="M384 622H896V634H384Z" fill="#979184"/>
<path d="M0 632H1280V720H0Z" fill="url(#floor)"/>
<path d="M0 632H1280V640H0Z" fill="#c6ab8a"/>
<path d="${boards.join("").replaceAll("606", "640")}" stroke="#6a5139" stroke-width="3" fill="none"/>
<path d="M0 470H300M980 470H1280" stroke="#f6f3ec" stroke-width="16"/>
<path d="M0 604H300M980 604H1280" stroke="#ebe6db" stroke-width="14"/>
<g fill="#f6f3ec" stroke="#cfc9bb">${[-4, 46, 96, 146, 196, 246, 1008, 1058, 1108, 1158, 1208, 1258]
    .map((x) => `<rect x="${x}" y="476" width="16" height="124"/>`)
    .join("")}</g>
${[0, 1].map((side) => column(side === 0 ? 300 : 920)).join("")}
<rect width="1280" height="58" fill="#efeae0"/><rect y="52" width="1280" height="12" fill="#cbc4b5"/>
<path d="${[...Array(16).keys()].map((i) => `M${i * 84 + 30} 0V52`).join("")}" stroke="#ddd6c8" stroke-width="3"/>
${basket(1130, 60)}${basket(170, 60)}
<g transform="translate(340 632)"><path d="M-62 -2L-50 -70H22L34 -2Z" fill="#b0603f" transform="translate(-130 40)"/></g>
<g transform="translate(196 600)" fill="#4e8745"><ellipse cx="0" cy="-10" rx="58" ry="34"/>
<ellipse cx="-26" cy="-38" rx="26" ry="34" fill="#5f9a50"/><ellipse cx="26" cy="-42" rx="28" ry="36" fill="#6aa658"/></g>`;
}

function column(x: number): string {
  return `<rect x="${x}" y="56" width="60" height="584" fill="url(#post)"/>
<rect x="${x - 10}" y="56" width="80" height="26" fill="#f4f0e6"/><rect x="${x - 6}" y="82" width="72" height="8" fill="#cbc4b5"/>
<rect x="${x - 10}" y="600" width="80" height="44" fill="#f4f0e6"/><rect x="${x - 10}" y="600" width="80" height="5" fill="#cbc4b5"/>`;
}

function basket(x: number, y: number): string {
  return `<g transform="translate(${x} ${y})"><path d="M0 0L-44 84M0 0L44 84" stroke="#6b5a45" stroke-width="3"/>
<path d="M-52 84H52Q44 134 0 136Q-44 134 -52 84Z" fill="#8a5a3a"/>
<g fill="#5c9650"><circle cx="-40" cy="78" r="24"/><circle cx="0" cy="66" r="30"/><circle cx="40" cy="78" r="24"/><circle cx="-52" cy="104" r="14"/><circle cx="54" cy="108" r="15"/></g>
<g fill="#e77f9b"><circle cx="-34" cy="66" r="8"/><circle cx="6" cy="52" r="8"/><circle cx="36" cy="72" r="8"/><circle cx="-8" cy="80" r="7"/><circle cx="54" cy="98" r="6"/></g></g>`;
}
