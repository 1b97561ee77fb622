// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/terminal.h"

#include <langinfo.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <cstring>
#include <string>

#define NCURSES_NOMACROS 1
#include <curses.h>

namespace cmd {
namespace {

constexpr int kEscapeDelayMs = 25;  // how long after Esc it can still begin another key
constexpr int kEscape = 27;
constexpr int kDelete = 127;

TopKeyPress key_of(int code) {
    switch (code) {
        case KEY_UP:
            return {TopKey::kUp};
        case KEY_DOWN:
            return {TopKey::kDown};
        case KEY_LEFT:
            return {TopKey::kLeft};
        case KEY_RIGHT:
            return {TopKey::kRight};
        case KEY_PPAGE:
            return {TopKey::kPageUp};
        case KEY_NPAGE:
            return {TopKey::kPageDown};
        case KEY_HOME:
            return {TopKey::kHome};
        case KEY_END:
            return {TopKey::kEnd};
        case KEY_ENTER:
        case '\n':
        case '\r':
            return {TopKey::kEnter};
        case KEY_BACKSPACE:
        case '\b':
        case kDelete:
            return {TopKey::kBackspace};
        case kEscape:
            return {TopKey::kEscape};
        case KEY_RESIZE:
            return {TopKey::kResize};
        default:
            return {TopKey::kCharacter, code < 256 && code >= ' ' ? static_cast<char>(code) : '\0'};
    }
}

// For a terminal that shows bytes of another character set.
std::string without_utf8(const std::string& text) {
    std::string ascii;
    for (const char byte : text) {
        const auto value = static_cast<unsigned char>(byte);
        if (value < 0x80) {
            ascii += byte;
        } else if (value >= 0xc0) {  // the first byte of a character
            ascii += '?';
        }
    }
    return ascii;
}

}  // namespace

pcapng::Result<void> Terminal::check() {
    if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
        return pcapng::Error{
            "top: standard input and output aren't a terminal; --once prints a table, --json "
            "objects"};
    }
    return {};
}

pcapng::Result<Terminal> Terminal::open() {
    std::setlocale(LC_CTYPE, "");
    SCREEN* screen = newterm(nullptr, stdout, stdin);
    if (screen == nullptr) {
        const char* name = std::getenv("TERM");
        return pcapng::Error{std::string("top: no description of the terminal ") +
                             (name != nullptr ? name : "(TERM is not set)") +
                             "; --once prints a table"};
    }
    cbreak();
    noecho();
    nonl();
    curs_set(0);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(kEscapeDelayMs);
    return Terminal(screen, std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
}

Terminal::~Terminal() {
    if (screen_ != nullptr) {
        endwin();
        delscreen(static_cast<SCREEN*>(screen_));
    }
}

size_t Terminal::width() const {
    return static_cast<size_t>(getmaxx(stdscr));
}

size_t Terminal::height() const {
    return static_cast<size_t>(getmaxy(stdscr));
}

std::optional<TopKeyPress> Terminal::read_key() {
    const int code = wgetch(stdscr);
    return code == ERR ? std::nullopt : std::optional(key_of(code));
}

void Terminal::draw(const std::vector<TopLine>& lines) {
    werase(stdscr);
    for (size_t i = 0; i < lines.size() && i < height(); i++) {
        const TopLine& line = lines[i];
        std::string text = is_utf8_ ? line.text : without_utf8(line.text);
        if (line.reverse && text.size() < width()) {
            text.resize(width(), ' ');  // the whole row
        }
        const attr_t attributes =
            (line.bold ? A_BOLD : A_NORMAL) | (line.reverse ? A_REVERSE : A_NORMAL);
        wattrset(stdscr, static_cast<int>(attributes));
        wmove(stdscr, static_cast<int>(i), 0);
        waddnstr(stdscr, text.data(), static_cast<int>(text.size()));
    }
    wattrset(stdscr, A_NORMAL);
    wrefresh(stdscr);
}

}  // namespace cmd
