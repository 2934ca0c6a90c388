/* Send one package to a Pelton server and print the answer: call IPV4 PORT CODE TEXT
 * cc -o call call.c
 * A package is a head of eight bytes and a body: length of the whole u16, code u16, CRC-32 of the
 * body u32 (0 for none), all in network byte order. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 8, LONGEST = 65535 };

static uint32_t crc32(const uint8_t *body, size_t length) {
    uint32_t crc = 0xffffffff;
    while (length--) {
        crc ^= *body++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
    }
    return ~crc;
}

static void fail(const char *why) {
    fprintf(stderr, "call: %s\n", why);
    exit(1);
}

static void read_exactly(int stream, uint8_t *to, size_t count) {
    for (ssize_t got; count > 0; to += got, count -= got)
        if ((got = read(stream, to, count)) <= 0) fail("the server has closed the connection");
}

int main(int count, char **words) {
    if (count != 5) fail("write: call IPV4 PORT CODE TEXT");
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, words[1], &server.sin_addr) != 1) fail("that is no IPv4 address");
    if (connect(stream, (struct sockaddr *)&server, sizeof server)) fail("nobody listens there");

    static uint8_t package[LONGEST];
    size_t length = strlen(words[4]), whole = HEAD + length;
    if (whole > LONGEST) fail("the text is too long for a package");
    uint16_t numbers[] = {htons(whole), htons(atoi(words[3]))};
    uint32_t crc = htonl(crc32((uint8_t *)words[4], length));
    memcpy(package, numbers, 4), memcpy(package + 4, &crc, 4);
    memcpy(package + HEAD, words[4], length);
    if (write(stream, package, whole) != (ssize_t)whole) fail("the server takes no more");

    do { /* packages of other codes are said to us unasked */
        read_exactly(stream, package, HEAD);
        whole = (size_t)package[0] << 8 | package[1];
        if (whole < HEAD) fail("a package cannot be so short");
        read_exactly(stream, package + HEAD, whole - HEAD);
        memcpy(&crc, package + 4, 4);
        if (ntohl(crc) != crc32(package + HEAD, whole - HEAD)) fail("the package is damaged");
    } while (memcmp(package + 2, &numbers[1], 2) != 0);
    printf("%.*s\n", (int)(whole - HEAD), (char *)package + HEAD);
}
