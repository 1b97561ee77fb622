// SPDX-License-Identifier: GPL-2.0-only
//
// The grammar, by recursive descent (docs/filters.md):
//
//     expression = conjunction { "or" conjunction }
//     conjunction = negation { "and" negation }
//     negation = "not" negation | "(" expression ")" | test
//     test = "kernel" | "unattributed" | field operator value | field "in" "{" value {"," value}
//     "}"
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "packet/filter/glob.h"
#include "packet/filter/process_expression.h"

namespace packet {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
// The bytes that end a word, besides blanks. & and | are not operators; they get their own error.
constexpr std::string_view kMarks = "(){},=!<>\"&|";

enum class ProcessField : uint8_t { kPid, kTree };
using Field = std::variant<NumberField, TextField, ProcessField>;

constexpr std::array<std::pair<std::string_view, Field>, 21> kFields{
    {{"pid", ProcessField::kPid},
     {"ppid", NumberField::kPpid},
     {"host_pid", NumberField::kHostPid},
     {"comm", TextField::kComm},
     {"exe", TextField::kExe},
     {"exe_device", TextField::kExeDevice},
     {"exe_inode", NumberField::kExeInode},
     {"mntns", NumberField::kMntns},
     {"cmdline", TextField::kCmdline},
     {"uid", NumberField::kUid},
     {"user", TextField::kUser},
     {"gid", NumberField::kGid},
     {"cgroup", TextField::kCgroup},
     {"container", TextField::kContainer},
     {"container.name", TextField::kContainerName},
     {"container.image", TextField::kContainerImage},
     {"pod.name", TextField::kPodName},
     {"pod.namespace", TextField::kPodNamespace},
     {"unit", TextField::kUnit},
     {"netns", NumberField::kNetns},
     {"tree", ProcessField::kTree}}};

struct Token {
    enum class Kind : uint8_t { kEnd, kWord, kString, kMark };
    Kind kind = Kind::kEnd;
    std::string text;  // of a string: what it means
    size_t place = 0;

    bool is_mark(std::string_view mark) const { return kind == Kind::kMark && text == mark; }
    bool is_word(std::string_view word) const { return kind == Kind::kWord && text == word; }
    bool is_reserved() const {
        return is_word("and") || is_word("or") || is_word("not") || is_word("in");
    }
};

// A test's operator.
enum class Operator : uint8_t { kEqual, kNotEqual, kBelow, kAbove, kIn };

// After the first error the results are ignored.
class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) { advance(); }

    std::variant<ProcessExpression, SyntaxError> parse() {
        ProcessExpression expression = parse_expression();
        if (token_.kind != Token::Kind::kEnd) {
            fail(token_.place, "expected \"and\", \"or\" or the end");
        }
        if (error_) {
            return *std::move(error_);
        }
        return expression;
    }

  private:
    void fail(size_t place, std::string message) {
        if (!error_) {
            error_ = SyntaxError{std::move(message), place};
            token_ = {Token::Kind::kEnd, {}, text_.size()};
            next_ = text_.size();
        }
    }

    void advance();
    void read_string();

    ProcessExpression parse_expression();
    ProcessExpression parse_conjunction();
    ProcessExpression parse_negation();
    ProcessExpression parse_test();
    std::optional<Field> parse_field();
    std::optional<Operator> parse_operator(std::string_view field, const Field& of);
    ProcessExpression parse_value(std::string_view field, const Field& of, Operator by,
                                  std::string_view after);
    ProcessExpression make_test(std::string_view field, const Field& of, Operator by,
                                const Token& value);

    bool take_mark(std::string_view mark) {
        const bool there = token_.is_mark(mark);
        if (there) {
            advance();
        }
        return there;
    }
    bool take_word(std::string_view word) {
        const bool there = token_.is_word(word);
        if (there) {
            advance();
        }
        return there;
    }

    std::string_view text_;
    size_t next_ = 0;  // where the token after this one is looked for
    Token token_;
    int depth_ = 0;
    std::optional<SyntaxError> error_;
};

void Parser::advance() {
    next_ = std::min(text_.find_first_not_of(kBlanks, next_), text_.size());
    token_ = {Token::Kind::kEnd, {}, next_};
    if (next_ == text_.size()) {
        return;
    }
    const char c = text_[next_];
    if (c == '"') {
        read_string();
        return;
    }
    if (kMarks.find(c) == std::string_view::npos) {
        size_t end = next_;
        while (end < text_.size() && kBlanks.find(text_[end]) == std::string_view::npos &&
               kMarks.find(text_[end]) == std::string_view::npos) {
            ++end;
        }
        token_.kind = Token::Kind::kWord;
        token_.text = text_.substr(next_, end - next_);
        next_ = end;
        return;
    }
    const std::string_view two = text_.substr(next_, 2);
    if (c == '&' || c == '|' || (c == '!' && two != "!=")) {
        fail(next_,
             "write \"and\", \"or\" and \"not\" as words; a value that holds marks stands in "
             "double quotes");
        return;
    }
    if (two == "==" || two == "<=" || two == ">=" || two == "=~") {
        fail(next_, "no such operator; there are =, !=, <, > and in");
        return;
    }
    token_.kind = Token::Kind::kMark;
    token_.text = two == "!=" ? two : two.substr(0, 1);
    next_ += token_.text.size();
}

// \" and \\ stand for their second byte. Any other backslash is kept for the pattern.
void Parser::read_string() {
    token_.kind = Token::Kind::kString;
    const size_t begin = next_;
    for (size_t at = begin + 1; at < text_.size(); ++at) {
        if (text_[at] == '"') {
            next_ = at + 1;
            return;
        }
        const bool escapes = text_[at] == '\\' && at + 1 < text_.size() &&
                             (text_[at + 1] == '"' || text_[at + 1] == '\\');
        at += escapes ? 1 : 0;
        token_.text.push_back(text_[at]);
    }
    fail(begin, "this string isn't closed");
}

ProcessExpression Parser::parse_expression() {
    std::vector<ProcessExpression> members{parse_conjunction()};
    while (take_word("or")) {
        members.push_back(parse_conjunction());
    }
    return ProcessExpression::any_of(std::move(members));
}

ProcessExpression Parser::parse_conjunction() {
    std::vector<ProcessExpression> members{parse_negation()};
    while (take_word("and")) {
        members.push_back(parse_negation());
    }
    return ProcessExpression::all_of(std::move(members));
}

ProcessExpression Parser::parse_negation() {
    const Token first = token_;
    const bool negated = take_word("not");
    if (!negated && !take_mark("(")) {
        return parse_test();
    }
    if (++depth_ > kNestingMax) {
        fail(first.place, fmt::format("nested deeper than {}", kNestingMax));
        return {};
    }
    ProcessExpression inner;
    if (negated) {
        inner = parse_negation();
        if (!error_) {
            inner = ProcessExpression::negation(inner);
        }
    } else {
        inner = parse_expression();
        if (!take_mark(")")) {
            fail(token_.place, "expected \"and\", \"or\" or \")\"");
        }
    }
    --depth_;
    return inner;
}

ProcessExpression Parser::parse_test() {
    if (take_word("kernel")) {
        return ProcessExpression::kernel();
    }
    if (take_word("unattributed")) {
        return ProcessExpression::unattributed();
    }
    const std::string name = token_.text;
    const auto field = parse_field();
    if (!field) {
        return {};
    }
    const std::string mark = token_.text;
    const auto by = parse_operator(name, *field);
    if (!by) {
        return {};
    }
    if (*by != Operator::kIn) {
        return parse_value(name, *field, *by, mark);
    }
    if (!take_mark("{")) {
        fail(token_.place, "expected \"{\" after \"in\"");
        return {};
    }
    std::vector<ProcessExpression> members{parse_value(name, *field, *by, "{")};
    while (take_mark(",")) {
        members.push_back(parse_value(name, *field, *by, ","));
    }
    if (!take_mark("}")) {
        fail(token_.place, "expected \",\" or \"}\"");
    }
    return ProcessExpression::any_of(std::move(members));
}

std::optional<Field> Parser::parse_field() {
    const auto found = std::find_if(kFields.begin(), kFields.end(), [this](const auto& field) {
        return token_.is_word(field.first);
    });
    if (found != kFields.end()) {
        advance();
        return found->second;
    }
    std::string names;
    for (const auto& field : kFields) {
        names += std::string(field.first) + ", ";
    }
    names += "kernel and unattributed";
    const bool is_name = token_.kind == Token::Kind::kWord && !token_.is_reserved();
    fail(token_.place,
         fmt::format("{}; there are {}", is_name ? "no such field" : "expected a field", names));
    return std::nullopt;
}

std::optional<Operator> Parser::parse_operator(std::string_view field, const Field& of) {
    static constexpr std::array<std::pair<std::string_view, Operator>, 4> kOperators{
        {{"=", Operator::kEqual},
         {"!=", Operator::kNotEqual},
         {"<", Operator::kBelow},
         {">", Operator::kAbove}}};
    const size_t place = token_.place;
    if (take_word("in")) {
        return Operator::kIn;
    }
    for (const auto& [mark, by] : kOperators) {
        if (!take_mark(mark)) {
            continue;
        }
        const bool orders = by == Operator::kBelow || by == Operator::kAbove;
        if (orders && std::holds_alternative<TextField>(of)) {
            fail(place, fmt::format("\"{}\" compares numbers, and {} is not one", mark, field));
        } else if (orders && of == Field(ProcessField::kTree)) {
            fail(place, "tree takes =, != and in");
        }
        return by;
    }
    fail(place, fmt::format("expected an operator after \"{}\": =, !=, <, > or in", field));
    return std::nullopt;
}

ProcessExpression Parser::parse_value(std::string_view field, const Field& of, Operator by,
                                      std::string_view after) {
    const bool is_value = token_.kind == Token::Kind::kString ||
                          (token_.kind == Token::Kind::kWord && !token_.is_reserved());
    if (!is_value) {
        fail(token_.place, fmt::format("expected a value after \"{}\"", after));
        return {};
    }
    const Token value = token_;
    ProcessExpression test = make_test(field, of, by, value);
    advance();
    if (error_) {
        return {};
    }
    return by == Operator::kNotEqual ? ProcessExpression::negation(test) : test;
}

ProcessExpression Parser::make_test(std::string_view field, const Field& of, Operator by,
                                    const Token& value) {
    if (const auto* text = std::get_if<TextField>(&of)) {
        if (*text == TextField::kComm && glob_min_length(value.text) > kCommMax) {
            fail(value.place,
                 fmt::format("the kernel keeps {} bytes of a comm: this can't match", kCommMax));
        }
        return ProcessExpression::text(*text, value.text);
    }
    const uint64_t most = of == Field(NumberField::kExeInode) ? UINT64_MAX : UINT32_MAX;
    uint64_t number = 0;
    const char* end = value.text.data() + value.text.size();
    const auto [parsed, code] = std::from_chars(value.text.data(), end, number);
    if (code != std::errc{} || parsed != end || number > most) {
        const bool user = of == Field(NumberField::kUid);
        fail(value.place, fmt::format("{} takes a number from 0 to {}{}", field, most,
                                      user ? "; for a name there is user" : ""));
        return {};
    }
    const Comparison comparison = by == Operator::kBelow   ? Comparison::kBelow
                                  : by == Operator::kAbove ? Comparison::kAbove
                                                           : Comparison::kEqual;
    if (const auto* is = std::get_if<ProcessField>(&of)) {
        const auto pid = static_cast<uint32_t>(number);
        if (*is == ProcessField::kTree) {
            return ProcessExpression::tree(pid);
        }
        if (comparison == Comparison::kEqual) {
            return ProcessExpression::process(pid);
        }
        return ProcessExpression::number(NumberField::kPid, comparison, number);
    }
    return ProcessExpression::number(std::get<NumberField>(of), comparison, number);
}

}  // namespace

std::variant<ProcessExpression, SyntaxError> parse_process_expression(std::string_view text) {
    if (text.size() > kExpressionMax) {
        return SyntaxError{fmt::format("longer than {} bytes", kExpressionMax), kExpressionMax};
    }
    if (text.find_first_not_of(kBlanks) == std::string_view::npos) {
        return SyntaxError{"the expression is empty", 0};
    }
    return Parser(text).parse();
}

}  // namespace packet
