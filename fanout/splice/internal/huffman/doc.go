// Package huffman makes the prefix codes of a DEFLATE block (RFC 1951, section
// 3.2): code lengths from counts, codes from lengths, and the block header that
// tells the lengths to the reader. Nothing here is on the path of a frame.
package huffman
