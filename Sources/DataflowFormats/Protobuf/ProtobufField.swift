import ProtobufWire

/// One field of a message: its number, its name, and how its value is read and written in both forms.
package struct ProtobufField<Message>: Sendable {
  let number: Int
  let name: String
  let decode:
    @Sendable (inout Message, ProtobufReader.Field, ProtobufReader) throws(FormatError) -> Void
  let encode: @Sendable (Message, inout ProtobufWriter) -> Void
  let parse: @Sendable (inout Message, inout ProtobufTextReader) throws(FormatError) -> Void
  let print: @Sendable (Message, inout ProtobufTextWriter) -> Void

  /// One value, which is not written where it is the default, unless told so.
  static func one<Value: ProtobufValue>(
    _ number: Int, _ name: String, _ path: WritableKeyPath<Message, Value> & Sendable,
    isAlwaysWritten: Bool = false
  ) -> Self {
    Self(number: number, name: name) { message, field, reader throws(FormatError) in
      try message[keyPath: path].merge(field, of: reader)
    } encode: { message, writer in
      let value = message[keyPath: path]
      if isAlwaysWritten || !value.isDefault { value.write(number, to: &writer) }
    } parse: { message, text throws(FormatError) in
      try message[keyPath: path].merge(text: &text)
    } print: { message, writer in
      let value = message[keyPath: path]
      if isAlwaysWritten || !value.isDefault { value.write(name, to: &writer) }
    }
  }

  /// One of several values, the others of which are then not there.
  static func choice<Value: ProtobufValue>(
    _ number: Int, _ name: String, _ read: @escaping @Sendable (Message) -> Value?,
    _ make: @escaping @Sendable (Value) -> Message
  ) -> Self {
    Self(number: number, name: name) { message, field, reader throws(FormatError) in
      var value = read(message) ?? Value()
      try value.merge(field, of: reader)
      message = make(value)
    } encode: { message, writer in
      read(message)?.write(number, to: &writer)
    } parse: { message, text throws(FormatError) in
      var value = read(message) ?? Value()
      try value.merge(text: &text)
      message = make(value)
    } print: { message, writer in
      read(message)?.write(name, to: &writer)
    }
  }

  /// Any number of values.
  static func many<Value: ProtobufValue>(
    _ number: Int, _ name: String, _ path: WritableKeyPath<Message, [Value]> & Sendable
  ) -> Self {
    Self(number: number, name: name) { message, field, reader throws(FormatError) in
      try Value.append(field, of: reader, to: &message[keyPath: path])
    } encode: { message, writer in
      Value.write(message[keyPath: path], number, to: &writer)
    } parse: { message, text throws(FormatError) in
      try text.list { text throws(FormatError) in
        var value = Value()
        try value.merge(text: &text)
        message[keyPath: path].append(value)
      }
    } print: { message, writer in
      for value in message[keyPath: path] { value.write(name, to: &writer) }
    }
  }

  /// Values by their keys, in whose order they are written.
  static func map<Key: ProtobufValue & Hashable & Comparable, Value: ProtobufValue>(
    _ number: Int, _ name: String, _ path: WritableKeyPath<Message, [Key: Value]> & Sendable
  ) -> Self {
    typealias Entry = ProtobufEntry<Key, Value>
    return Self(number: number, name: name) { message, field, reader throws(FormatError) in
      var entry = Entry()
      try entry.merge(field, of: reader)
      message[keyPath: path][entry.key] = entry.value
    } encode: { message, writer in
      for entry in Entry.sorted(message[keyPath: path]) { entry.write(number, to: &writer) }
    } parse: { message, text throws(FormatError) in
      try text.list { text throws(FormatError) in
        var entry = Entry()
        try entry.merge(text: &text)
        message[keyPath: path][entry.key] = entry.value
      }
    } print: { message, writer in
      for entry in Entry.sorted(message[keyPath: path]) { entry.write(name, to: &writer) }
    }
  }

  /// A field that is left out.
  static func ignored(_ number: Int, _ name: String) -> Self {
    Self(number: number, name: name) { _, _, _ in
    } encode: { _, _ in
    } parse: { _, text throws(FormatError) in
      try text.skipValue()
    } print: { _, _ in
    }
  }

  private init(
    number: Int, name: String,
    decode:
      @escaping @Sendable (inout Message, ProtobufReader.Field, ProtobufReader)
      throws(FormatError) -> Void,
    encode: @escaping @Sendable (Message, inout ProtobufWriter) -> Void,
    parse:
      @escaping @Sendable (inout Message, inout ProtobufTextReader) throws(FormatError) -> Void,
    print: @escaping @Sendable (Message, inout ProtobufTextWriter) -> Void
  ) {
    self.number = number
    self.name = name
    self.decode = decode
    self.encode = encode
    self.parse = parse
    self.print = print
  }
}

/// A key and its value, which the format writes as a message of two fields.
struct ProtobufEntry<Key: ProtobufValue & Hashable & Comparable, Value: ProtobufValue>:
  ProtobufMessage
{
  var key = Key()
  var value = Value()

  static var messageName: String { "entry" }
  static var fields: [ProtobufField<Self>] {
    [
      .one(1, "key", \.key, isAlwaysWritten: true),
      .one(2, "value", \.value, isAlwaysWritten: true),
    ]
  }

  static func sorted(_ entries: [Key: Value]) -> [Self] {
    entries.sorted { $0.key < $1.key }.map { Self(key: $0.key, value: $0.value) }
  }
}
