/**
 * What mutations choose from. In a form, § stands for what it replaces (a size, a length, the mark of the request) and
 * | for the end of a field line.
 */

const forms = (...lines: string[]): string[] => lines.flatMap((line) => line.split('¦'));

export const VERSIONS = forms(
  'HTTP/1.0¦HTTP/1.0¦HTTP/1.2¦HTTP/2.0¦HTTP/0.9¦HTTP/1.1 ¦HTTP/1.1\t¦HTTP/1.10¦HTTP/1¦http/1.1¦HTTP/1,1',
  'HTTPS/1.1¦¦HTTP/1.1 HTTP/1.1¦HTTP/01.1¦HTTP/1.\x31\0¦ICE/1.0¦RTSP/1.0',
);

export const METHODS = forms(
  'get¦Post¦PROPFIND¦M-SEARCH¦FOO¦G@T¦¦CONNECT¦PRI¦QUERY¦SOURCE¦GET,POST¦GET\r¦HEAD¦TRACE¦LINK¦A!#$%&¦PURGE',
  'UNLOCK¦\xc4GET¦GET\x0b¦OPTIONS',
  'X'.repeat(100),
);

export const TARGETS = forms(
  'http://b.§/p¦http://b.§¦http://b.§?q¦HTTP://b.§:81/§?a/b¦http://u@b.§/¦http:///x¦http://b,c/x¦http://b.§:99999/',
  'http://b.§#f¦https://b.§/¦ftp://b.§/¦b.§:80¦§¦?§¦*¦/§#f¦¦//§/x¦/§ x¦/§/\xe4¦/§|{}^`¦\\§¦/§%¦http:/x¦/*¦**',
  'http://[::1]:80/§¦http://b.§:/¦http://b.§/¦http://b.§//x¦/§\t¦/§\x7f¦ /§',
);

export const LENGTHS = forms(
  '+§¦-§¦0x§¦0§¦00000§¦§,§¦§, §¦§ §¦§;¦"§"¦¦ ¦§.0¦§e0¦9223372036854775808¦18446744073709551616¦x¦§\t¦§\xa0¦\x0b§',
);

export const CODINGS = forms(
  'gzip, chunked¦chunked, gzip¦identity¦xchunked¦chunked, chunked¦Chunked¦CHUNKED¦¦chunked;a=b¦\x0bchunked¦\x0cchunked',
  ' chunked ¦chunked\t¦, chunked¦chunked,¦"chunked"¦chunke¦chunked x¦identity, chunked¦gzip¦chun\r\n ked¦chunked\0',
  'chunked\xa0¦deflate;q=1¦chunked\r\n¦\xffchunked',
);

/** Lines that frame a message in two ways, or seem to. */
export const FRAMINGS = forms(
  'Transfer-Encoding: chunked|Transfer-Encoding: chunked¦Transfer-Encoding: gzip|Transfer-Encoding: chunked',
  'Transfer-Encoding : chunked¦Transfer_Encoding: chunked¦ Transfer-Encoding: chunked¦TRANSFER-ENCODING:chunked',
  'Transfer-Encoding: chunked|Content-Length: 0¦Content-Length: 5|Transfer-Encoding: chunked',
  'X: y\r\n Transfer-Encoding: chunked¦X: y\nTransfer-Encoding: chunked¦X: y\rTransfer-Encoding: chunked',
  '\0Transfer-Encoding: chunked¦Transfer-Encoding:|chunked¦Transfer-Encoding\0: chunked',
  'Transfer-Encoding:|Transfer-Encoding: chunked¦Transfer-Encoding:\r\n chunked',
  'Content-Length: 1|Content-Length: 1¦Content-Length: 0|Content-Length: 7¦Content-Length : 3¦Content_Length: 3',
  'content-length:3¦Content-Length\0: 3¦Content-Length:|Content-Length: 3¦\rContent-Length: 3¦Content-Length: 3\r',
);

export const CHUNK_LINES = forms(
  '0§¦0000000§¦0x§¦+§¦-§¦ §¦§ ¦§\t¦§;¦§;a¦§;a=b¦§;a="b;c"¦§ ;a¦§; a¦§;a\nb¦§;a\rb¦§;\0¦§;"¦§;a="\r\n"¦§\n¦§\r¦',
  '§g¦§_¦f§¦fffffffffffffffff¦1000000000000000§¦0¦§;\xff¦§,§¦§\x0b',
);

export const CHUNK_ENDS = forms('\n¦\r¦¦\r\r\n¦\r\n\r\n¦ \r\n¦\n\r¦x\r\n');

export const TRAILERS = forms(
  'X-Trailer: 1¦x-trailer:2¦Content-Length: 3¦Transfer-Encoding: chunked¦Host: b¦:path: /x¦X-T : 1¦X-T: 1\r\n 2¦X-T',
  'X-T: \0¦Connection: close¦TE: trailers¦Expect: 100-continue¦Trailer: x¦Cookie: t=u¦X-T: \xff¦X-T: a\nb¦X-T: a\rb',
  'Set-Cookie: a¦Upgrade: x¦Connection: x-trailer¦Keep-Alive: 1',
);

export const HOSTS = forms(
  'Host: a|Host: a¦Host: a|Host: b¦X-Nohost: 1¦Host:¦Host: a,b¦Host: u@h¦Host : a¦Host: a/b¦Host: a:99999¦Host: a:',
  'Host: [::1¦Host: a b¦Host: a%¦HOST:a¦Host: *¦Host: a\r\n b¦Host: a;b¦Host: [::1]¦Host: \xff¦host: a¦Host: a:000080',
  'Host: :80¦Host: a#b¦Host: a?b¦Host: "a"¦Host: a:8x',
);

export const CONNECTIONS = forms(
  'Connection: close¦Connection: keep-alive¦Connection: x-empty, accept¦Connection: host¦connection:¦Connection: ,,x-many-1,',
  'Connection: content-length¦Connection: transfer-encoding¦Connection: te, close¦Connection: :path¦Connection: CLOSE',
  'Connection: cookie¦Connection: expect¦Connection: a b¦Connection: keep-alive, close¦Connection: closed¦Connection: "close"',
  'Connection: trailer, via¦Connection: close|Connection: keep-alive¦Connection: close;x¦Connection: close\t¦Connection: \xff',
);

export const HOPS = forms(
  'TE: trailers¦TE: gzip¦TE: trailers, gzip;q=0.5¦te:Trailers¦TE: xtrailers¦TE:¦TE: chunked¦Keep-Alive: timeout=5¦Upgrade:',
  'Proxy-Connection: keep-alive¦Proxy-Connection: close¦Proxy-Authorization: x¦Upgrade: h2c¦Proxy-Authenticate: Basic',
  'Expect: 100-continue¦expect: 100-Continue¦Expect: cake¦Expect: 100-continue, cake¦Expect:¦Trailer: X-Trailer',
);

export const OTHERS = forms(
  'Cookie: e=f¦Cookie: g=h¦cookie:¦Set-Cookie: a=b¦Forwarded: for=1.2.3.4¦__proto__: x¦constructor: x¦toString: x¦-: x',
  "hasOwnProperty: 1¦A!#$%&'*+-.^_`~9: x¦a--B: c¦X:y:z¦X: ,,¦Priority: u=1¦Age: x",
  `X: ${'v'.repeat(2000)}`,
);

/** Lines that are no field lines. */
export const BROKEN = forms(
  ':authority: b¦: x¦:path: /¦x y: z¦nocolon¦a\0b: c¦a\xe4: b¦a(b): c¦"a": b¦[a]: b¦ X: folded¦\tX: folded¦ ¦\t¦X: y\r\n',
);

export const BYTES = forms('\r¦\n¦\r\n¦\0¦ ¦\t¦:¦\x7f¦\x80¦\xff¦\x0b¦,¦;¦0¦a');

export const INSERTIONS = forms('\r¦\n¦\r\n¦\r\n ¦\r\n\t¦\0¦\x01¦\x7f¦\xff¦ ¦\t¦:¦,¦\r\n\r\n¦\x85¦\xa0');

export const IN_VALUES = forms('\r¦\n¦\r\n ¦\r\n\t¦\n ¦\0¦\x1f¦\x7f¦\x80¦\xff¦\t¦"¦\r\nX-In: 1¦\\¦%0d%0a');

export const SEPARATORS = forms(':¦:  ¦:\t¦: \t ¦ :¦\t:¦: \x0b¦:\xa0¦::¦:\r\n ');
